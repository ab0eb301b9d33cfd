"""What the shop's people, places and products are called; the order matters, since data is drawn by place in these."""

from __future__ import annotations

FIRST_NAMES: tuple[tuple[str, str], ...] = (
    ("Anna", "anna"), ("James", "james"), ("Maria", "maria"), ("Mohammed", "mohammed"), ("José", "jose"),
    ("Li", "li"), ("Sofía", "sofia"), ("Thomas", "thomas"), ("Zoë", "zoe"), ("Łukasz", "lukasz"),
    ("Søren", "soren"), ("Nguyễn", "nguyen"), ("Siobhán", "siobhan"), ("Дмитрий", "dmitrij"), ("Нина", "nina"),
    ("美咲", "misaki"), ("翔太", "shota"), ("Αλέξης", "alexis"), ("נועה", "noa"), ("فاطمة", "fatima"),
    ("Guðrún", "gudrun"), ("Jürgen", "juergen"), ("Chloé", "chloe"), ("Priya", "priya"), ("Kwame", "kwame"),
    ("Ayşe", "ayse"), ("Olena", "olena"), ("Mateo", "mateo"), ("Ingrid", "ingrid"), ("민준", "minjun"),
)  # fmt: skip
"""A first name, and how it is written in an address."""

LAST_NAMES: tuple[str, ...] = (
    "Smith", "Müller", "García", "Nguyễn", "O'Brien", "Kowalska", "Rossi", "佐藤", "김", "Иванов", "Dubois", "Jensen",
    "Papadopoulos", "Yılmaz", "Okafor", "Singh", "Jónsdóttir", "van der Berg", "Novák", "Silva", "D'Angelo", "Cohen",
    "Haddad", "Fernández", "Björk", "Weiß", "Larsson", "Tanaka", "王", "Шевченко", "Sørensen", "Lefèvre", "Costa",
)  # fmt: skip

DOMAINS: tuple[tuple[str, int], ...] = (
    ("example.com", 640), ("example.net", 220), ("mail.example", 110), ("example.org", 28), ("university.example", 2),
)  # fmt: skip
"""Mail domains, and how many of a thousand people use each."""

PLACES: tuple[tuple[str, str, int], ...] = (
    ("United States", "New York", 90), ("United States", "Chicago", 70), ("United States", "Austin", 60),
    ("United States", "Seattle", 50), ("United States", "Denver", 30), ("Germany", "Berlin", 70),
    ("Germany", "Hamburg", 45), ("Germany", "München", 45), ("Germany", "Köln", 30), ("United Kingdom", "London", 90),
    ("United Kingdom", "Manchester", 30), ("United Kingdom", "Leeds", 20), ("France", "Paris", 70),
    ("France", "Lyon", 25), ("Japan", "東京", 60), ("Japan", "大阪", 25), ("Brazil", "São Paulo", 40),
    ("India", "Bengaluru", 40), ("Poland", "Kraków", 25), ("Poland", "Łódź", 15), ("Spain", "Madrid", 20),
    ("Denmark", "København", 15), ("Norway", "Tromsø", 8), ("Austria", "Wien", 10), ("Portugal", "Lisboa", 7),
    ("Iceland", "Reykjavík", 6), ("Estonia", "Tallinn", 4),
)  # fmt: skip
"""Country, city, and how many of a thousand people live there. A city implies its country, as it does in life."""

STREETS: tuple[str, ...] = (
    "Harbour Road", "Kirchstraße", "Rue de l'Église", "Calle Mayor", "ulica Długa", "Station Road", "Elm Street",
    "Østergade", "Laugavegur", "Avenida Paulista", "桜通り", "Via Roma", "Mill Lane", "Hauptstraße", "Church Street",
)  # fmt: skip

NOUNS: tuple[tuple[str, str, float], ...] = (
    ("Keyboard", "Input", 69), ("Headset", "Audio", 89), ("Monitor", "Displays", 249), ("USB-C Cable", "Cables", 12),
    ("Laptop Stand", "Desk", 45), ("Webcam", "Video", 79), ("Mouse", "Input", 39), ("HDMI Cable", "Cables", 15),
    ("Desk Lamp", "Desk", 35), ("Speaker", "Audio", 119), ("Docking Station", "Adapters", 179),
    ("Power Bank", "Power", 49), ("Charger", "Power", 29), ("SSD", "Storage", 99), ("Memory Card", "Storage", 25),
    ("Microphone", "Audio", 129), ("Mouse Pad", "Input", 14), ("Monitor Arm", "Displays", 95),
    ("Router", "Network", 109), ("Network Switch", "Network", 59), ("Ethernet Cable", "Cables", 9),
    ("Desk Mat", "Desk", 22), ("Backpack", "Travel", 85), ("Laptop Sleeve", "Travel", 28), ("Trackball", "Input", 59),
    ("Printer", "Office", 159), ("Toner", "Office", 65), ("Label Maker", "Office", 42), ("Projector", "Video", 399),
    ("Capture Card", "Video", 139),
    ("Hard Drive", "Storage", 89), ("Card Reader", "Adapters", 19), ("USB Hub", "Adapters", 32),
    ("Graphics Tablet", "Input", 219), ("Footrest", "Desk", 48), ("Cable Tie", "Cables", 4),
    ("Travel Adapter", "Travel", 24), ("UPS", "Power", 189), ("Screen Filter", "Displays", 38), ("Stylus", "Input", 27),
)  # fmt: skip
"""What is sold, its category, and what it costs about. A name implies its category."""

KINDS: tuple[tuple[str, float], ...] = (
    ("Wireless", 1.3), ("Ergonomic", 1.5), ("Compact", 0.9), ("Classic", 0.8), ("Pro", 2.1),
    ("Gaming", 1.7), ("Silent", 1.2), ("Basic", 0.6), ("Premium", 2.6), ("Café", 1.1),
)  # fmt: skip
"""The kinds each is sold in, and what that does to the price."""


def products() -> list[tuple[str, str, float]]:
    """Every product of the shop, best seller first: name, category, price."""
    return [
        (f"{kind} {noun}", category, round(price * factor, 2))
        for kind, factor in KINDS
        for noun, category, price in NOUNS
    ]


def slots(weighted: tuple[tuple[str, ...], ...], weights: tuple[int, ...]) -> list[tuple[str, ...]]:
    """Repeat each entry by its weight, so that an even draw from the list is a weighted draw from the entries."""
    return [entry for entry, weight in zip(weighted, weights, strict=True) for _ in range(weight)]
