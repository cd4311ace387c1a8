"""What `duebook serve` answers: addresses that give the same answers as the commands."""
