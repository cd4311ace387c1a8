"""How an id looks: letters and digits of other scripts as the Latin ones that nobody tells apart.

A part of Unicode's confusables (UTS 39), the part that ids are made of: whole words of another
script keep what has no twin. An id whose look differs from itself is one of those that can be
mistaken for another.
"""

import unicodedata

_TWINS = {
    # Cyrillic
    "АВЕЅІЈКМНОРСТУХЗԚԜҮ": "ABESIJKMHOPCTYX3QWY",
    "аеѕіјорсухԁһԛԝӏ": "aesijopcyxdhqwl",
    # Greek
    "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧϹͿ": "ABEZHIKMNOPTYXCJ",
    "ονιαρυϲϳκ": "oviapucjk",
    # Armenian, Cherokee, and letters of Latin that are drawn alike
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
    """What an id looks like; itself where it is plain.

    Compatibility forms are folded (NFKC: full width, mathematical letters), digits of any script
    are those of ASCII.
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
