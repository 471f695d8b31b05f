//! Names and words of the demo. Invented people; addresses use the reserved domain `example.com`.

/// Given names.
pub(super) const GIVEN: [&str; 48] = [
    "Amina", "Ben", "Carla", "Daniel", "Elif", "Felix", "Grace", "Hugo", "Ines", "Jakub", "Keiko",
    "Liam", "Mei", "Nadia", "Oscar", "Priya", "Quentin", "Rosa", "Samuel", "Tara", "Umar", "Vera",
    "William", "Xenia", "Yusuf", "Zoë", "Anders", "Beatriz", "Chidi", "Dana", "Emil", "Fatima",
    "George", "Hana", "Ivan", "Jasmin", "Karl", "Lucía", "Marek", "Noor", "Olga", "Pavel", "Renée",
    "Sven", "Teresa", "Ursula", "Viktor", "Wanda",
];

/// Family names.
pub(super) const FAMILY: [&str; 48] = [
    "Abebe",
    "Brown",
    "Costa",
    "Dubois",
    "Eriksson",
    "Fischer",
    "García",
    "Haddad",
    "Ivanova",
    "Jensen",
    "Kowalski",
    "Lindqvist",
    "Martin",
    "Nakamura",
    "Okafor",
    "Patel",
    "Quinn",
    "Rossi",
    "Silva",
    "Tanaka",
    "Ueda",
    "Vargas",
    "Weber",
    "Xu",
    "Yilmaz",
    "Zhang",
    "Andersen",
    "Bauer",
    "Cohen",
    "Demir",
    "Evans",
    "Fernández",
    "Green",
    "Horváth",
    "Ito",
    "Johnson",
    "Khan",
    "Larsen",
    "Müller",
    "Novák",
    "O'Brien",
    "Petrov",
    "Reyes",
    "Schmidt",
    "Thompson",
    "Vogel",
    "Wright",
    "Young",
];

/// Cities with their countries and country codes.
pub(super) const CITIES: [(&str, &str); 24] = [
    ("Amsterdam", "NL"),
    ("Athens", "GR"),
    ("Barcelona", "ES"),
    ("Berlin", "DE"),
    ("Boston", "US"),
    ("Bruges", "BE"),
    ("Chicago", "US"),
    ("Copenhagen", "DK"),
    ("Dublin", "IE"),
    ("Edinburgh", "GB"),
    ("Geneva", "CH"),
    ("Helsinki", "FI"),
    ("Kraków", "PL"),
    ("Lisbon", "PT"),
    ("London", "GB"),
    ("Lyon", "FR"),
    ("Montréal", "CA"),
    ("Munich", "DE"),
    ("Osaka", "JP"),
    ("Oslo", "NO"),
    ("Portland", "US"),
    ("São Paulo", "BR"),
    ("Toronto", "CA"),
    ("Vienna", "AT"),
];

/// A kind of products: category, letters of the article number, things, and the price range in cents.
pub(super) type Kind = (
    &'static str,
    &'static str,
    &'static [&'static str],
    (u64, u64),
);

/// The kinds of products.
pub(super) const KINDS: [Kind; 6] = [
    (
        "Kitchen",
        "KIT",
        &[
            "Kettle",
            "Chopping Board",
            "Pan",
            "Coffee Grinder",
            "Teapot",
            "Bread Knife",
        ],
        (900, 12_000),
    ),
    (
        "Office",
        "OFF",
        &[
            "Desk Lamp",
            "Notebook",
            "Fountain Pen",
            "Monitor Stand",
            "Chair",
            "Paper Tray",
        ],
        (300, 32_000),
    ),
    (
        "Garden",
        "GAR",
        &[
            "Watering Can",
            "Pruning Shears",
            "Planter",
            "Bird House",
            "Hose",
            "Trowel",
        ],
        (600, 9_000),
    ),
    (
        "Outdoor",
        "OUT",
        &[
            "Tent",
            "Backpack",
            "Sleeping Bag",
            "Lantern",
            "Water Bottle",
            "Trail Map",
        ],
        (800, 42_000),
    ),
    (
        "Home",
        "HOM",
        &[
            "Blanket",
            "Wall Clock",
            "Mirror",
            "Rug",
            "Candle",
            "Bookend",
        ],
        (500, 24_000),
    ),
    (
        "Music",
        "MUS",
        &[
            "Headphones",
            "Record Player",
            "Guitar Strings",
            "Metronome",
            "Microphone",
            "Sheet Stand",
        ],
        (700, 38_000),
    ),
];

/// What makes a thing a product.
pub(super) const ADJECTIVES: [&str; 12] = [
    "Classic", "Compact", "Copper", "Folding", "Handmade", "Large", "Light", "Nordic", "Oak",
    "Travel", "Vintage", "Wool",
];

/// Materials and other properties.
pub(super) const TAGS: [&str; 10] = [
    "bestseller",
    "new",
    "gift",
    "sale",
    "sustainable",
    "handmade",
    "imported",
    "refurbished",
    "limited",
    "seasonal",
];

/// What reviews say, by the stars given (1 to 5).
pub(super) const OPINIONS: [&[&str]; 5] = [
    &[
        "Broke after a week.",
        "Not as described at all.",
        "Sent it back the same day.",
    ],
    &[
        "Disappointing for the price.",
        "Works, but feels cheap.",
        "Took a month to arrive.",
    ],
    &[
        "Does what it should.",
        "Fine, nothing special.",
        "Good, but the colour is off.",
    ],
    &[
        "Very happy with it.",
        "Solid and well made.",
        "Would buy again.",
    ],
    &[
        "Perfect.",
        "Better than I hoped, and a lovely gift.",
        "Use it every day. Best purchase this year!",
    ],
];
