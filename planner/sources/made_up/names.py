"""What things are called in the made-up city: Chinese names with their English, from two lists of words."""

from collections.abc import Iterator

FIRST = "云Yun 锦Jin 安An 禾He 清Qing 文Wen 永Yong 兴Xing 柳Liu 莲Lian 望Wang 泰Tai 明Ming 德De"
SECOND = "川chuan 澜lan 和he 丰feng 源yuan 桥qiao 渡du 庄zhuang 平ping 溪xi 堤di 坊fang"

SUFFIXES = {
    "trunk": ("环路", "Ring Road"),
    "primary": ("大道", "Avenue"),
    "secondary": ("路", "Road"),
    "tertiary": ("街", "Street"),
    "unclassified": ("乡道", "Country Road"),
    "residential": ("巷", "Lane"),
    "bridge": ("大桥", "Bridge"),
    "subdistrict": ("街道", "Subdistrict"),
    "community": ("社区", "Community"),
    "compound": ("小区", "Residential Quarter"),
    "tower compound": ("花园", "Gardens"),
    "village": ("村", "Village"),
    "park": ("公园", "Park"),
    "garden": ("游园", "Garden"),
    "riverside": ("滨河绿带", "Riverside Green"),
    "square": ("广场", "Square"),
    "school": ("小学", "Primary School"),
    "middle school": ("中学", "Middle School"),
    "kindergarten": ("幼儿园", "Kindergarten"),
    "hospital": ("医院", "Hospital"),
    "office": ("机关大院", "Offices"),
    "nursing home": ("养老院", "Nursing Home"),
    "day care": ("日间照料中心", "Day Care for Seniors"),
    "community centre": ("社区服务站", "Community Service Station"),
    "townhall": ("街道便民服务中心", "Subdistrict Service Centre"),
    "convenience": ("便利店", "Convenience Shop"),
    "supermarket": ("超市", "Supermarket"),
    "cultural centre": ("文化活动中心", "Cultural Centre"),
    "health centre": ("社区卫生服务中心", "Community Health Centre"),
    "health station": ("社区卫生服务站", "Community Health Station"),
    "police": ("派出所", "Police Station"),
    "pharmacy": ("药店", "Pharmacy"),
    "post office": ("邮政所", "Post Office"),
    "bank": ("银行", "Bank"),
    "hairdresser": ("理发店", "Hairdresser"),
}


def _words(listed: str) -> list[tuple[str, str]]:
    return [(word[0], word[1:]) for word in listed.split()]


class Names:
    """New names for as long as one asks; of one kind of thing none comes twice."""

    def __init__(self) -> None:
        self._used: dict[str, Iterator[tuple[str, str]]] = {}

    def new(self, kind: str) -> dict[str, str]:
        """The tags `name` and `name:en` for another thing of this kind, one of the keys of SUFFIXES."""
        if kind not in self._used:
            self._used[kind] = _bases(offset=list(SUFFIXES).index(kind))
        zh, en = next(self._used[kind])
        return named(zh, en, kind)


def named(zh: str, en: str, kind: str) -> dict[str, str]:
    """The tags `name` and `name:en` of one thing of this kind."""
    suffix_zh, suffix_en = SUFFIXES[kind]
    return {"name": zh + suffix_zh, "name:en": f"{en} {suffix_en}"}


def _bases(offset: int) -> Iterator[tuple[str, str]]:
    """All pairs of words, walked diagonally from another start for each kind; then once more with a number."""
    first, second = _words(FIRST), _words(SECOND)
    numerals = [("", ""), ("东", " East"), ("西", " West"), ("南", " South"), ("北", " North"), ("新", " New")]
    for numeral_zh, numeral_en in numerals:
        for turn in range(len(second)):
            for step, (zh, en) in enumerate(first):
                last_zh, last_en = second[(step * 5 + turn + offset) % len(second)]
                yield zh + last_zh + numeral_zh, en + last_en + numeral_en
