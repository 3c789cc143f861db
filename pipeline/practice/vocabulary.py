"""The words that the practice world is made of. All names, sentences and titles here are ours."""

__all__ = [
    "DEMOGRAPHICS",
    "EPISODE_THINGS",
    "EYES",
    "FAMILY_ENDS",
    "FAMILY_STARTS",
    "GENRES",
    "GIVEN_ENDS",
    "GIVEN_STARTS",
    "HAIR",
    "HOUSES",
    "PERSON_SENTENCES",
    "PLOT_SENTENCES",
    "POSITIONS",
    "PUBLISHERS",
    "SONG_WORDS",
    "STATIONS",
    "TALES_JA",
    "THEMES",
    "TRAITS",
]

GENRES = {
    "Action": 1,
    "Adventure": 2,
    "Comedy": 4,
    "Drama": 8,
    "Fantasy": 10,
    "Horror": 14,
    "Mystery": 7,
    "Romance": 22,
    "Sci-Fi": 24,
    "Slice of Life": 36,
    "Sports": 30,
    "Supernatural": 37,
}
"""Names and numbers as MyAnimeList has them."""

THEMES = {
    "Mecha": 18,
    "School": 23,
    "Military": 38,
    "Music": 19,
    "Space": 29,
    "Historical": 13,
    "Martial Arts": 17,
    "Detective": 39,
    "Psychological": 40,
    "Time Travel": 78,
    "Isekai": 62,
    "Iyashikei": 63,
    "Vampire": 32,
}

DEMOGRAPHICS = {"Shounen": 27, "Shoujo": 25, "Seinen": 42, "Josei": 43, "Kids": 15}

FAMILY_STARTS = (
    ("Aka", "赤"), ("Ao", "青"), ("Fuji", "藤"), ("Fuka", "深"), ("Haya", "早"), ("Hiro", "広"), ("Ishi", "石"),
    ("Kuro", "黒"), ("Matsu", "松"), ("Mina", "南"), ("Mizu", "水"), ("Naka", "中"), ("Nishi", "西"), ("Oka", "岡"),
    ("Ori", "織"), ("Shira", "白"), ("Sugi", "杉"), ("Taka", "高"), ("Take", "竹"), ("Tomo", "友"), ("Uchi", "内"),
    ("Yama", "山"), ("Yoko", "横"), ("Yuki", "雪"),
)  # fmt: skip

FAMILY_ENDS = (
    ("bayashi", "林"), ("da", "田"), ("gawa", "川"), ("hara", "原"), ("hashi", "橋"), ("kawa", "河"), ("kura", "倉"),
    ("mi", "見"), ("mori", "森"), ("moto", "本"), ("mura", "村"), ("no", "野"), ("oka", "丘"), ("saki", "崎"),
    ("sato", "里"), ("shima", "島"), ("tani", "谷"), ("ue", "上"), ("yama", "山"), ("zawa", "沢"),
)  # fmt: skip

GIVEN_STARTS = (
    ("Aki", "秋"), ("Asa", "朝"), ("Chi", "千"), ("Fumi", "文"), ("Haru", "春"), ("Hide", "秀"), ("Hina", "陽"),
    ("Kazu", "和"), ("Ken", "健"), ("Kiyo", "清"), ("Masa", "正"), ("Michi", "道"), ("Mitsu", "光"), ("Nao", "直"),
    ("Natsu", "夏"), ("Nobu", "信"), ("Rei", "玲"), ("Sato", "聡"), ("Shin", "真"), ("Tatsu", "達"), ("Teru", "照"),
    ("Tsuki", "月"), ("Yasu", "康"), ("Yoshi", "義"),
)  # fmt: skip

GIVEN_ENDS = (
    ("aki", "明"), ("e", "恵"), ("haru", "晴"), ("hiko", "彦"), ("hiro", "浩"), ("ka", "香"), ("ki", "希"),
    ("ko", "子"), ("mi", "美"), ("na", "奈"), ("ne", "音"), ("no", "乃"), ("ru", "流"), ("to", "人"), ("ya", "也"),
    ("yo", "代"),
)  # fmt: skip

HAIR = ("black", "brown", "blond", "red", "silver", "blue", "green")
EYES = ("brown", "blue", "green", "grey", "amber", "violet")
TRAITS = (
    "stubborn", "gentle", "clumsy", "curious", "proud", "shy", "cheerful", "secretive", "patient", "hot-headed",
    "loyal", "sarcastic",
)  # fmt: skip

PLOT_SENTENCES = (
    "In the harbour town of {place}, nobody has seen the sun since the great bell fell silent.",
    "{hero} repairs clocks by day and listens to the wireless of the dead by night.",
    "When a letter without a stamp arrives, {hero} must choose between the school roof and the open sea.",
    "The only one who believes the story is {friend}, who lost a brother on the same road.",
    "Together they follow a paper map that redraws itself whenever it rains.",
    "But the company that owns the railway of {place} wants the map as well, and it does not ask twice.",
    "Behind the mountain lies a garden where every promise that was ever broken grows as a tree.",
    "{friend} knows more about the lighthouse than a pupil of the second year should know.",
    "A festival, a forged ticket and a very old robot stand between them and the last train.",
    "What began as a bet becomes the longest winter that {place} remembers.",
    "Each autumn the travelling theatre returns, and each autumn one of its masks is missing.",
    "{hero} has seven days to learn the song that opens the door under the market hall.",
)

PERSON_SENTENCES = (
    "{name} keeps a tortoise that is older than the town.",
    "{name} was raised by the crew of a river ferry.",
    "Nobody in class has ever seen {name} lose at cards.",
    "{name} carries a broken compass and refuses to say why.",
    "Before the story begins, {name} worked in the glass factory.",
    "{name} speaks to birds, and lately they have begun to answer.",
    "{name} wants to cross the sea once before turning thirty.",
    "Rivals call {name} the quiet storm.",
)

TALES_JA = (
    "鐘の鳴らない港町で、{hero}は古い時計を直しながら暮らしていた。",
    "ある雨の日、切手のない手紙が届き、地図がひとりでに描き変わる。",
    "{friend}と二人、最後の列車を追って山の向こうの庭を目指す。",
)

EPISODE_THINGS = (
    ("The Silent Bell", "Naranai Kane", "鳴らない鐘"),
    ("A Letter Without a Stamp", "Kitte no Nai Tegami", "切手のない手紙"),
    ("Rain on the Map", "Chizu ni Furu Ame", "地図に降る雨"),
    ("The Lighthouse Keeper", "Toudaimori", "灯台守"),
    ("Last Train to the Sea", "Umi e no Saigo no Ressha", "海への最後の列車"),
    ("The Garden of Promises", "Yakusoku no Niwa", "約束の庭"),
    ("Glass and Ashes", "Garasu to Hai", "硝子と灰"),
    ("A Mask Goes Missing", "Kieta Kamen", "消えた仮面"),
    ("Seven Days", "Nanokakan", "七日間"),
    ("The Door Under the Market", "Ichiba no Shita no Tobira", "市場の下の扉"),
    ("An Old Robot", "Furui Robotto", "古いロボット"),
    ("Birds That Answer", "Kotaeru Tori", "答える鳥"),
    ("The Longest Winter", "Ichiban Nagai Fuyu", "一番長い冬"),
)

SONG_WORDS = (
    ("Akatsuki no Hashi", "暁の橋"),
    ("Blue Compass", None),
    ("Kaze no Tegami", "風の手紙"),
    ("Lantern Parade", None),
    ("Hoshi wo Kazoete", "星を数えて"),
    ("Paper Boats", None),
    ("Yuki no Oto", "雪の音"),
    ("Never Twice", None),
)

POSITIONS = (
    "Director",
    "Original Creator",
    "Series Composition",
    "Character Design",
    "Music",
    "Art Director",
    "Sound Director",
    "Director of Photography",
    "Producer",
    "Storyboard",
    "Episode Director",
    "Script",
    "Animation Director",
    "Key Animation",
    "Editing",
)

HOUSES = (
    "Studio Kamome", "Aozora Works", "Tsubaki Animation", "Nagi Pictures", "Lantern Film", "Studio Hourin", "Mugen-do",
    "Kitakaze", "Paper Crane", "Studio Yodaka",
)  # fmt: skip

PUBLISHERS = (
    "Minato Shuppan", "TV Kaikyou", "Horizon Records", "Kawara Publishing", "Nijigen Holdings", "Toudai Music",
    "Sekirei Toys", "Umikaze Network",
)  # fmt: skip

STATIONS = ("Overseas Reel", "Skylark Home Video", "Northlight Media", "Maple Dub House")
