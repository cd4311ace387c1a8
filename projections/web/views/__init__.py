"""One function per address: from a question to an answer. No business rule is here."""
