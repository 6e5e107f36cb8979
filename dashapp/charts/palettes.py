"""Colours by name: palettes for members, scales for sizes."""

from __future__ import annotations

from typing import Final

# "dashapp": every colour has a contrast of at least 3:1 on white and on #14171c, and the twelve
# stay apart for readers with red or green blindness; earlier ones are further apart.
PALETTES: Final[dict[str, tuple[str, ...]]] = {
    "dashapp": (
        "#2b7ad6", "#ee5c2d", "#b03d77", "#8f5c1e", "#db6baf", "#1f9a1c",
        "#bd35b6", "#a48f68", "#167299", "#1d9999", "#5e97cc", "#b4666d",
    ),
    "okabe-ito": (
        "#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9", "#f0e442", "#999999",
    ),
    "ten": (
        "#4e79a7", "#f28e2b", "#e15759", "#76b7b2", "#59a14f",
        "#edc948", "#b07aa1", "#ff9da7", "#9c755f", "#bab0ac",
    ),
    "quiet": (
        "#5b7fa6", "#a67c52", "#6b8f71", "#95627f", "#8a8457", "#57898f", "#a5645f", "#76719e",
    ),
    # Close to schemes that people know from other tools.
    "lagoon": (
        "#1ea8cc", "#484e7e", "#5ac08a", "#ff7e42", "#666666", "#de4254", "#fcc600", "#a866b4",
        "#3ccccc", "#a29078", "#90d2e4", "#a2a8c0", "#aee4c6", "#ffc0a2", "#b4b4b4", "#f0a2a8",
        "#ffe47e", "#d2b4d8", "#9ce4e4", "#d2c6ba",
    ),
    "orchid": (
        "#2a6c6c", "#5acccc", "#f6ae2a", "#f0846c", "#7830b4", "#cc6cc6", "#901e4e", "#b47800",
        "#9c3696", "#e4669c", "#c0300c", "#9c60cc",
    ),
    "classic": (
        "#1e78b4", "#ff7e0c", "#2aa22a", "#d8242a", "#9666c0", "#8a5448", "#e478c0", "#7e7e7e",
        "#bac024", "#18c0cc",
    ),
    "pairs": (
        "#1e78b4", "#aec6ea", "#ff7e0c", "#ffba78", "#2aa22a", "#96de8a", "#d8242a", "#ff9696",
        "#9666c0", "#c6aed8", "#8a5448", "#c69c96", "#e478c0", "#f6b4d2", "#7e7e7e", "#c6c6c6",
        "#bac024", "#d8d890", "#18c0cc", "#9cd8e4",
    ),
    "fours": (
        "#3c3c78", "#5454a2", "#6c6ccc", "#9c9cde", "#60783c", "#8aa254", "#b4cc6c", "#ccd89c",
        "#8a6c30", "#c09c3c", "#e4ba54", "#e4cc96", "#843c3c", "#ae4848", "#d8606c", "#e4969c",
        "#784272", "#a85496", "#cc6cc0", "#de9cd8",
    ),
    "steps": (
        "#3084c0", "#6caed8", "#9ccce4", "#c6d8f0", "#e4540c", "#ff903c", "#ffae6c", "#ffd2a2",
        "#30a254", "#72c678", "#a2d89c", "#c6eac0", "#786cb4", "#9c9cc6", "#bac0de", "#d8d8ea",
        "#606060", "#969696", "#c0c0c0", "#d8d8d8",
    ),
    "plain": (
        "#3066cc", "#de3c12", "#ff9c00", "#129618", "#9c009c", "#009cc6", "#de4278", "#66a800",
        "#ba3030", "#306096",
    ),
    "plain-20": (
        "#3066cc", "#de3c12", "#ff9c00", "#129618", "#9c009c", "#009cc6", "#de4278", "#66a800",
        "#ba3030", "#306096", "#9c429c", "#24a89c", "#a8a812", "#6630cc", "#e47200", "#8a0606",
        "#661266", "#309060", "#5472a8", "#3c3cae",
    ),
    "neon": (
        "#ea0c8a", "#6c8490", "#2aa8e4", "#30d8c0", "#9caeba", "#7860a8", "#305484", "#841e48",
        "#303c48", "#ae1e78",
    ),
    "meadow": (
        "#6cd2b4", "#fcc64e", "#428484", "#66cce4", "#f05a60", "#484e5a", "#ff844e", "#007290",
        "#ccbaa8", "#b478a8", "#b4ead8", "#ffe4a8", "#9cc0c0", "#b4e4f0", "#f6aeae", "#a2a8ae",
        "#ffc0a8", "#84bac6", "#e4ded8", "#d8c0d8",
    ),
    "brick": (
        "#c03630", "#304854", "#60a2a8", "#d28466", "#90c6ae", "#729c84", "#cc8424", "#c0a29c",
        "#6c7272", "#546672", "#c6ccd2",
    ),
    "fresh": (
        "#5472c6", "#90cc78", "#fcc65a", "#f06666", "#72c0de", "#3ca272", "#fc8454", "#9c60b4",
        "#ea7ecc",
    ),
    "sunset": (
        "#007ef6", "#244284", "#6c4890", "#a84890", "#de427e", "#f05490", "#ff7884", "#ff4e60",
        "#ff844e", "#ffae2a", "#ffd806", "#f0f600",
    ),
    "rainbow": (
        "#42f084", "#30c096", "#00deff", "#183cde", "#840cd8", "#c05aff", "#ff4896", "#c02466",
        "#f60000", "#ff8a00", "#ffba0c", "#ffea42",
    ),
    "sea": (
        "#3000a8", "#004ed8", "#0072f0", "#0096f0", "#54c0ff", "#42c6e4", "#30dede", "#06d8c6",
        "#00eaa2", "#a8ff90",
    ),
    "embers": (
        "#90062a", "#d8003c", "#d2363c", "#e45430", "#f6722a", "#ff9018", "#ffae00", "#ffcc00",
        "#ffe400", "#fff66c",
    ),
    "waves": (
        "#060060", "#0c0096", "#0054b4", "#006ce4", "#248aff", "#489cff", "#78b4ff", "#9cccff",
        "#c0deff", "#d8eaff",
    ),
    "bays": (
        "#004860", "#2a90b4", "#1ea8cc", "#5ac0d8", "#7ecce4", "#a8d2e4", "#c6eae4", "#a8e4d2",
        "#72ccb4", "#30c096", "#189078", "#067260",
    ),
}  # fmt: skip

# Scales run from low to high; diverging ones have their neutral colour in the middle.
SCALES: Final[dict[str, tuple[str, ...]]] = {
    "blues": ("#dbe9f9", "#9cc3ec", "#5a99dc", "#2b6fb9", "#123f75"),
    "greens": ("#dcf1df", "#9ed6a8", "#57b26b", "#248344", "#0c4d24"),
    "oranges": ("#fdebd9", "#fbc48f", "#f2934a", "#cc6215", "#7f3706"),
    "purples": ("#ebe6f6", "#c4b5e4", "#9a80cf", "#7050ab", "#432a74"),
    "grays": ("#eceef1", "#bfc4cc", "#8f96a1", "#626974", "#373c44"),
    "viridis": ("#440154", "#414487", "#2a788e", "#22a884", "#7ad151", "#fde725"),
    "heat": ("#fff3b8", "#fec965", "#f98c3c", "#dc4a2c", "#8d1033"),
    "blue-red": ("#1f5fa8", "#7fb0dd", "#eef0f2", "#ef9a7d", "#b3282d"),
    "purple-green": ("#6a3d9a", "#b49ad0", "#f0f0ee", "#8fc795", "#1b7837"),
    "red-green": ("#b3282d", "#ef9a7d", "#f3efe2", "#8fc795", "#1b7837"),
    "reds": ("#fcaa90", "#fa6a4e", "#d82824", "#970c14", "#66000c"),
    "blue-green": ("#b4e4da", "#68c2a2", "#309a5a", "#04642a", "#00441c"),
    "blue-purple": ("#b2cae0", "#9094c6", "#8a52a6", "#74106f", "#4e004a"),
    "green-blue": ("#bce4be", "#7ccac4", "#3a9cc6", "#0c60a0", "#084280"),
    "orange-red": ("#fcca94", "#fa8e5e", "#e0462f", "#a80404", "#800000"),
    "purple-blue-green": ("#bec8e2", "#6aa8ce", "#1a889e", "#026452", "#024636"),
    "purple-blue": ("#bec8e2", "#72a8ce", "#1a7eb6", "#045280", "#043858"),
    "purple-red": ("#d0aad2", "#dc64ae", "#d81c6c", "#900439", "#66001f"),
    "red-purple": ("#fab6bc", "#f46aa2", "#c01888", "#700074", "#4a006a"),
    "yellow-green": ("#e4f4ac", "#a2d88a", "#4eae64", "#167a40", "#004628"),
    "yellow-green-blue": ("#d4eeb4", "#74cabc", "#2898be", "#2450a0", "#0a1e58"),
    "yellow-brown": ("#feeaa2", "#feba4a", "#ee7a18", "#b84404", "#662606"),
    "inferno": ("#160a38", "#6a1870", "#bc3854", "#f27a1a", "#f6d848", "#fcfea4"),
    "magma": ("#140e36", "#64205f", "#b63a7a", "#f6705c", "#fed094", "#fcfcc0"),
    "warm": ("#963eb4", "#e442a0", "#fe5e64", "#fa9834", "#b0ee5c"),
    "cool": ("#6054c8", "#368ce0", "#1cc8c2", "#32ee82", "#b0ee5c"),
    "cubehelix": ("#1a1630", "#1e6642", "#a07a4a", "#ce9cda", "#d2eeee"),
    "spectral": ("#9e0244", "#f46e44", "#fee08c", "#e6f498", "#66c2a4", "#5e50a2"),
    "pale-green": ("#fefecc", "#78c67a", "#046838"),
    "pale-orange": ("#feeed8", "#fc8e5a", "#b20200"),
    "fire": ("#ffffff", "#fffc04", "#fa0404", "#060404"),
    "white-black": ("#ffffff", "#808284", "#060608"),
    "black-white": ("#060608", "#808284", "#ffffff"),
    "deep-blues": ("#ecf4f8", "#6cb0cc", "#367e9c", "#1c4250", "#0a2a36"),
    "dawn-sea": ("#f4fad4", "#a8e2ae", "#62c0be", "#2468ac", "#261454", "#060616"),
    "dusk": ("#fcf0b4", "#feae72", "#e04454", "#962c7c", "#261454", "#060616"),
    "mint": ("#f4faec", "#caeac4", "#6ad2b4", "#287888", "#042840"),
    "rose": ("#feece8", "#fccec2", "#f66a96", "#ae0478", "#44026c", "#060616"),
    "sand-red": ("#f6eea6", "#d88274", "#be444c"),
    "teal-amber": ("#04d0c0", "#ffffff", "#feb404"),
    "pink-gray": ("#e60c82", "#fafafa", "#666668"),
    "red-blue": ("#b2182c", "#f4a484", "#f6f4f4", "#92c4de", "#2066ac"),
    "red-yellow-blue": ("#a60226", "#f46e44", "#fefebe", "#abd8e8", "#323896"),
    "red-yellow-green": ("#a60226", "#f46e44", "#fefebe", "#a6d86a", "#046838"),
    "brown-green": ("#8c520a", "#dec27e", "#f4f4f4", "#80ccc0", "#02665e"),
    "pink-green": ("#c41a7e", "#f0b6da", "#f6f6f4", "#b8e086", "#4e9222"),
    "purple-orange": ("#542888", "#b2acd2", "#f6f6f4", "#fcb864", "#b45808"),
    "red-gray": ("#b2182c", "#f4a484", "#fafafa", "#bababa", "#4e4e4e"),
    "coral-sky": ("#e04456", "#f0a2aa", "#f6f6f8", "#90d4e4", "#20a8c8"),
    "orange-sky": ("#fe8046", "#fec0a2", "#f6f6f8", "#90d4e4", "#20a8c8"),
    "mauve-mint": ("#b07caa", "#d8bed4", "#f6f6f8", "#98deca", "#34be96"),
    "berry-teal": ("#ca5272", "#e4a8b6", "#f6f6f8", "#9cd0d8", "#3ca4b2"),
}  # fmt: skip
DIVERGING: Final = frozenset({
    "blue-red", "purple-green", "red-green", "pink-gray", "red-blue", "red-yellow-blue",
    "red-yellow-green", "brown-green", "pink-green", "purple-orange", "red-gray", "coral-sky",
    "orange-sky", "mauve-mint", "berry-teal",
})  # fmt: skip
