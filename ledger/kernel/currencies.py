"""ISO 4217 codes and their exponents, and the commodities that are not money.

The table is ours because the usual source (CLDR, through babel) rounds for display: it gives
several currencies fewer digits than ISO 4217 does, which would refuse or misread cents. A test
compares it with the `iso4217` package, which ships the standard's own list.
"""

_NONE = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THREE = "BHD IQD JOD KWD LYD OMR TND"
_FOUR = "CLF UYW"
_TWO = """
AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF
CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD
GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL
MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR
PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP
TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG
"""

EXPONENTS: dict[str, int] = {
    code: digits
    for digits, codes in ((0, _NONE), (2, _TWO), (3, _THREE), (4, _FOUR))
    for code in codes.split()
}

OFTEN_MEANT = {"RMB": ["CNY"], "CNH": ["CNY"], "YUAN": ["CNY"], "EURO": ["EUR"]}
"""Common other names of currencies, with their ISO 4217 codes."""

COMMODITIES: dict[str, int] = {"USD.AD": 2, "TRAFFIC": 0}
"""What is counted like money but is not money: ad credit, never added to the currency it
resembles, and traffic, in whole units."""
