"""First names for the invented people of the demo, one for each language."""

from collections.abc import Mapping

NAMES: Mapping[str, str] = {
    "en": "Olivia",
    "es": "Lucía",
    "de": "Jonas",
    "ja": "さくら",
    "fr": "Camille",
    "pt": "Inês",
    "ru": "Анна",
    "it": "Giulia",
    "nl": "Daan",
    "pl": "Zofia",
    "tr": "Elif",
    "fa": "نیلوفر",
    "zh-CN": "小雨",
    "vi": "Linh",
    "id": "Sari",
    "cs": "Tereza",
    "ar": "ليلى",
    "ko": "서연",
    "uk": "Оксана",
    "hu": "Bence",
    "sv": "Elsa",
    "he": "נועה",
}
