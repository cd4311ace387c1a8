"""The platforms' headers for our columns, from which a mapping is drafted.

They are proposed to a person, who reads the draft; nothing is read by them alone.
"""

from collections.abc import Collection, Sequence

from ledger.intake.tables.layout import folded
from ledger.intake.tables.mappings import shipped
from ledger.intake.tables.targets import ORDERS, RECONCILE

_ORDER = (
    *("order id", "order number", "order no", "order no.", "order", "order sn", "sale id"),
    *("order/adjustment id", "merchant reference", "pedido", "id do pedido", "número do pedido"),
    *("n.º de venda", "# de venta", "número de pedido", "numéro de commande", "commande"),
    *("bestellnummer", "bestell-nr.", "numero ordine", "订单号", "订单编号", "主订单编号"),
    *("商户订单号", "商家订单号", "注文番号", "주문번호"),
)
_AMOUNT = (
    *("amount", "order amount", "total", "order total", "grand total", "total price", "item total"),
    *("gross", "gross amount", "sale amount", "total revenue", "price", "item price", "subtotal"),
    *("preço", "preço total", "valor", "valor total", "importe", "total pagado", "montant"),
    *("betrag", "gesamtbetrag", "preis", "importo", "金额", "金额(元)", "订单应付金额", "支付金额"),
    *("金额（元）", "収入金額", "合計", "결제금액"),
)
_CURRENCY = ("currency", "currency code", "moeda", "moneda", "devise", "währung", "valuta", "币种")
_CREATED = (
    *("created at", "created", "created time", "order created time", "order date", "date"),
    *("creation date", "purchase date", "sale date", "date/time", "order creation date", "data"),
    *("criado em", "data da venda", "fecha", "fecha de venta", "date de commande", "datum"),
    *("bestelldatum", "订单创建时间", "订单提交时间", "付款时间", "交易时间", "交易创建时间"),
    *("下单时间", "注文日時", "주문일시"),
)
_UPDATED = ("updated at", "updated time", "last updated", "modified", "last-updated-date")
_REFUNDED = (
    *("refunded", "refunded amount", "order refund amount", "refund amount", "reembolso"),
    *("valor reembolsado", "erstattung", "退款金额", "成功退款（元）"),
)
_ITEM = ("sku id", "item id", "line item id", "lineitem sku", "sku", "transaction id", "子订单编号")
KNOWN: dict[str, dict[str, Sequence[str]]] = {
    ORDERS: {
        "order_id": _ORDER,
        "store": ("store", "shop", "store id", "shop id", "loja", "tienda", "boutique", "店铺"),
        "created_at": _CREATED,
        "amount": _AMOUNT,
        "currency": _CURRENCY,
        "payment": ("payment method", "payment", "payment type", "forma de pagamento", "支付方式"),
        "category": ("category", "product category", "categoria", "categoría", "catégorie", "类目"),
        "traffic": ("traffic", "traffic source", "source"),
        "channel": ("channel", "sales channel", "content type"),
        "refunded": _REFUNDED,
        "updated_at": _UPDATED,
        "item": _ITEM,
        "product": ("product id", "product", "listing id", "item number", "商品id"),
        "creator": ("creator", "creator username", "creator id", "达人昵称"),
    },
    RECONCILE: {
        "line": ("line",),
        "order_id": _ORDER,
        "store": ("store", "shop", "store id", "shop id", "merchant account", "店铺"),
        "amount": (
            *("fee", "fees", "commission", "commission fee", "platform commission", "service fee"),
            *("net", "net amount", "settlement amount", "total settlement amount", "amount"),
            *("平台服务费", "技术服务费", "结算金额", *_AMOUNT),
        ),
        "currency": _CURRENCY,
        "type": ("type", "transaction type", "tipo", "类型", "业务类型", "交易类型"),
    },
}
OF_FACTS: dict[str, Sequence[str]] = {
    "at": (
        *("time", "timestamp", "date/time", "event time", "settled on", "settled at"),
        *("settlement time", "created at", "onboarded at", "date", "发生时间", "时间"),
    ),
    "day": ("date", "order date", "sale date", "business day", "data", "fecha", "datum", "日期"),
    "store": (
        *("shop", "store id", "shop id", "store code", "shop code", "loja", "tienda", "boutique"),
        *("店铺", "店铺id"),
    ),
    "amount": (
        *("gmv", "settled gmv", "net settled", "settled amount", "net sales", "net amount"),
        *("sales", "revenue", *_AMOUNT),
    ),
    "currency": _CURRENCY,
    "orders": ("order count", "number of orders", "订单数"),
    "partner": ("partner id", "agency", "agency id", "服务商", "服务商id"),
    "merchant": ("merchant id", "seller", "seller id", "商家", "商家id"),
    "creator": ("creator id", "creator username", "达人", "达人id"),
    "brand": ("brand name", "品牌"),
    "country": ("country code", "land", "pays", "国家"),
    "market": ("region", "市场"),
    "name": ("company", "company name", "名称"),
    "reason": ("cause", "原因"),
}
"""For the fields of facts; a field is proposed only of a fact that has it."""


def meaning_of(header: str, use: str, among: Collection[str] = ()) -> str | None:
    """The column of ours that a header most likely means, by shipped mappings and this list;
    of a fact one of its fields, given as `among`."""
    name = folded(header)
    known = KNOWN.get(use)
    if known is None:
        known = {ours: OF_FACTS.get(ours, ()) for ours in among}
    for mapping in shipped():
        if mapping.for_ != use:
            continue
        for ours, sources in mapping.columns.items():
            if any(folded(synonym) == name for source in sources for synonym in source.header):
                return ours
    for ours, names in known.items():
        if name == folded(ours) or name in map(folded, names):
            return ours
    bare = name.partition("(")[0].strip()
    return meaning_of(bare, use, among) if bare and bare != name else None


def rank_of(header: str, ours: str, use: str) -> int:
    """The place of a header in the list of those that a column may have; -1 if it is not listed."""
    names = [folded(ours), *map(folded, KNOWN.get(use, OF_FACTS).get(ours, ()))]
    name = folded(header)
    for spelling in (name, name.partition("(")[0].strip()):
        if spelling in names:
            return names.index(spelling)
    return -1
