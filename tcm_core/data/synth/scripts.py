"""SCRIPTS: what can be written, and of which syllables a plausible word of it is made.

A made-up word need not exist: a detector learns what writing looks like. Korean syllables are written as
their letters (jamo) and composed afterwards.
"""

# ruff: noqa: RUF001 - letters of other scripts that look like Latin ones are meant

import unicodedata
from typing import Final, NamedTuple

import numpy as np

from tcm_core.config.synth import ScriptName


class Script(NamedTuple):
    """One script.

    Attributes:
        blocks: first and last code points that make a character one of this script.
        onsets: beginnings of a syllable, an empty one allowed.
        nuclei: middles of a syllable.
        codas: ends of a syllable; only every third syllable gets one.
        syllables: fewest and most of a word.
        second_case: added to a code point to write it in the script's other letters (katakana); 0 for none.
        joined: whether letters change or combine with their neighbours, so that a shaping engine is needed.
        right_to_left: whether words follow each other from right to left.
        cased: whether there are capitals.
        package: a Debian package with fonts for it.
    """

    blocks: tuple[tuple[int, int], ...]
    onsets: tuple[str, ...]
    nuclei: tuple[str, ...]
    codas: tuple[str, ...] = ("",)
    syllables: tuple[int, int] = (1, 4)
    second_case: int = 0
    joined: bool = False
    right_to_left: bool = False
    cased: bool = False
    package: str = "fonts-noto-core"

    def has(self, character: str) -> bool:
        """Whether the character belongs to this script."""
        return any(first <= ord(character) <= last for first, last in self.blocks)

    def alphabet(self) -> frozenset[str]:
        """Every character that made-up words may have."""
        text = "".join(self.onsets + self.nuclei + self.codas)
        if self.onsets[0] == "\u1100":  # jamo: what is drawn are composed syllables
            return frozenset("가나다라마바사아자차카타파하한국")
        return frozenset(text + (text.upper() if self.cased else "") + self.in_second_case(text))

    def in_second_case(self, word: str) -> str:
        """The word in the script's other letters; as it is where there are none."""
        return "".join(chr(ord(character) + self.second_case) for character in word)

    def make_word(self, random: np.random.Generator) -> str:
        """A made-up word, in small letters where there are capitals."""
        count = int(random.integers(self.syllables[0], self.syllables[1] + 1))
        parts = []
        for _ in range(count):
            parts.append(self.onsets[random.integers(len(self.onsets))])
            parts.append(self.nuclei[random.integers(len(self.nuclei))])
            if random.random() < 0.34:
                parts.append(self.codas[random.integers(len(self.codas))])
        return unicodedata.normalize("NFC", "".join(parts))


def _each(letters: str) -> tuple[str, ...]:
    return tuple(letters.split())


def _span(first: int, last: int) -> tuple[str, ...]:
    return tuple(chr(code) for code in range(first, last + 1))


_FREQUENT_HAN: Final = (
    "的一是不了人我在有他这中大来上国个到说们为子和你地出道也时年得就那要下以生会自着去之过家学对可她里后小么心多天"
    "而能好都然没日于起还发成事只作当想看文无开手十用主行方又如前所本见经头面公同三已老从动两长知民样现分将外但身些"
    "与高意进把法此实回二理美点月明其种声全工己话儿者向情部正名定女问力机给等几很业最间新什打便位因重被走电四第门相"
    "次东政海口使教西再平真听世气信北少关并内加化由却代军产入先山五太水万市店药茶酒饭书路车站楼银行医院安"
)

SCRIPTS: Final[dict[ScriptName, Script]] = {
    "Latin": Script(
        ((0x41, 0x5A), (0x61, 0x7A), (0xC0, 0x24F), (0x1E00, 0x1EFF)),
        onsets=_each("b c d f g h j k l m n p r s t v w y z br ch cl dr fl gr ph pl pr qu sh sl sp st th tr"),
        nuclei=_each("a e i o u a e i o ai ea ee ie oo ou"),
        codas=_each("n r s t l m d nd ng rd rm st"),
        cased=True,
        package="fonts-dejavu-core",
    ),
    "Greek": Script(
        ((0x370, 0x3FF), (0x1F00, 0x1FFF)),
        onsets=_each("β γ δ ζ θ κ λ μ ν π ρ σ τ φ χ ψ κρ πρ στ τρ"),
        nuclei=_each("α ε η ι ο υ ω αι ου ά έ ή ί ό"),
        codas=_each("ν ρ λ"),
        cased=True,
        package="fonts-dejavu-core",
    ),
    "Cyrillic": Script(
        ((0x400, 0x52F),),
        onsets=_each("б в г д ж з к л м н п р с т ф ц ч ш щ бр гр пр ст тр"),
        nuclei=_each("а е и о у ы э ю я а е и о"),
        codas=_each("н р с т л м д ть нь й"),
        cased=True,
        package="fonts-dejavu-core",
    ),
    "Armenian": Script(
        ((0x530, 0x58F),),
        onsets=_each("բ գ դ զ թ ժ լ խ կ հ ձ ղ ճ մ ն շ չ պ ջ ս վ տ ր ց փ ք"),
        nuclei=_each("ա ե է ի ո օ ու ա ի"),
        codas=_each("ն ր ս լ կ մ"),
        cased=True,
    ),
    "Georgian": Script(
        ((0x10D0, 0x10FF),),
        onsets=_each("ბ გ დ ვ ზ თ კ ლ მ ნ პ ჟ რ ს ტ ფ ქ ღ ყ შ ჩ ც ძ წ ჭ ხ ჯ ჰ"),
        nuclei=_each("ა ე ი ო უ ა ი"),
        codas=_each("ნ რ ს ლ მ ბ"),
    ),
    "Hebrew": Script(
        ((0x590, 0x5FF),),
        onsets=_each("א ב ג ד ה ו ז ח ט י כ ל מ נ ס ע פ צ ק ר ש ת"),
        nuclei=_each("א ב ה ו י ל מ ר ת ו י"),
        syllables=(1, 3),
        joined=True,
        right_to_left=True,
    ),
    "Arabic": Script(
        ((0x600, 0x6FF), (0x750, 0x77F)),
        onsets=_each("ب ت ث ج ح خ د ذ ر ز س ش ص ض ط ظ ع غ ف ق ك ل م ن ه و ي"),
        nuclei=_each("ا و ي ا ر ل م ن ة"),
        syllables=(1, 3),
        joined=True,
        right_to_left=True,
    ),
    "Hindi": Script(
        ((0x900, 0x97F),),
        onsets=_each("क ख ग घ च छ ज झ ट ठ ड ढ त थ द ध न प फ ब भ म य र ल व श स ह स्त प्र"),
        nuclei=("", "ा", "ि", "ी", "ु", "ू", "े", "ै", "ो", "ौ"),
        codas=_each("न र ल त"),
        joined=True,
    ),
    "Bengali": Script(
        ((0x980, 0x9FF),),
        onsets=_each("ক খ গ ঘ চ ছ জ ঝ ট ঠ ড ঢ ত থ দ ধ ন প ফ ব ভ ম য র ল শ স হ প্র"),
        nuclei=("", "া", "ি", "ী", "ু", "ূ", "ে", "ো"),
        codas=_each("ন র ল ত"),
        joined=True,
    ),
    "Thai": Script(
        ((0xE00, 0xE7F),),
        onsets=_each("ก ข ค ง จ ช ซ ด ต ถ ท น บ ป ผ พ ฟ ม ย ร ล ว ส ห อ"),
        nuclei=("า", "ิ", "ี", "ึ", "ื", "ุ", "ู", "ะ", "่า", "้า", "ำ"),
        codas=_each("น ม ง ก ด บ ย ว"),
        joined=True,
    ),
    "Chinese": Script(
        ((0x4E00, 0x9FFF), (0x3400, 0x4DBF)),
        onsets=tuple(_FREQUENT_HAN),
        nuclei=("",),
        syllables=(1, 6),
        package="fonts-noto-cjk",
    ),
    "Japanese": Script(
        ((0x3041, 0x3096), (0x30A1, 0x30FA), (0x30FC, 0x30FC)),
        onsets=tuple(
            "あいうえおかきくけこさしすせそたちつてとなにぬねのはひふへほまみむめもやゆよらりるれろわ"
        ),
        nuclei=("",),
        codas=("ん",),
        second_case=0x60,
        syllables=(2, 6),
        package="fonts-noto-cjk",
    ),
    "Korean": Script(
        ((0xAC00, 0xD7A3),),
        onsets=_span(0x1100, 0x1112),
        nuclei=_span(0x1161, 0x1175),
        codas=tuple(chr(code) for code in (0x11A8, 0x11AB, 0x11AF, 0x11B7, 0x11B8, 0x11BC)),
        syllables=(1, 5),
        package="fonts-noto-cjk",
    ),
}
"""Script by the name that labels give it."""


def language_of(word: str) -> str:
    """How labels name the writing of a word: its first letter's script, "Symbols" when it has no letter."""
    for character in word:
        for name, script in SCRIPTS.items():
            if script.has(character):
                return name
    return "Symbols"
