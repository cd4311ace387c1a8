"""How an id looks: letters and digits of other scripts become the Latin ones they resemble.

A part of Unicode's confusables (UTS 39), as far as ids need it; characters without a Latin twin
stay, as in whole words of another script. An id that differs from its look can be mistaken for
another.
"""

import unicodedata

_TWINS = {
    # Cyrillic
    "АВЕЅІЈКМНОРСТУХЗԚԜҮ": "ABESIJKMHOPCTYX3QWY",
    "аеѕіјорсухԁһԛԝӏ": "aesijopcyxdhqwl",
    # Greek
    "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧϹͿ": "ABEZHIKMNOPTYXCJ",
    "ονιαρυϲϳκ": "oviapucjk",
    # Armenian, Cherokee, and Latin letters that are drawn alike
    "օոսհցՕՍ": "onuhgOU",
    "ᎪᏴᏟᎬᏀᎻᎫᏦᏞᎷᏢᎡᏚᎢᏙᎳᏃ": "ABCEGHJKLMPRSTVWZ",
    "ıɑɡǀ": "iagl",
}
_TWIN = {
    ord(own): latin
    for script, twins in _TWINS.items()
    for own, latin in zip(script, twins, strict=True)
}


def look_of(name: str) -> str:
    """What an id looks like; a plain ASCII id looks like itself.

    Compatibility forms are folded (NFKC: full width, mathematical letters), digits of any script
    become ASCII digits.
    """
    if name.isascii():
        return name
    folded = unicodedata.normalize("NFKC", name).translate(_TWIN)
    if folded.isascii():
        return folded
    return "".join(map(_digit, folded))


def _digit(character: str) -> str:
    value = unicodedata.decimal(character, None)
    return character if value is None else str(value)
