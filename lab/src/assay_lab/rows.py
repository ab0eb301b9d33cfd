"""The statements that make the shop's rows inside the server, as lanes of steps that may run side by side."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from assay_lab import schema, words

USERS, ORDERS, EVENTS = 100_000, 1_000_000, 1_000_000
"""At scale 1. Order items follow from orders, two and a half each."""
BEGINS = datetime(2021, 1, 1, tzinfo=UTC)
ENDS = datetime(2026, 1, 1, tzinfo=UTC)
"""When the shop opened, and the moment its data ends: fixed, so that the same seed gives the same rows on any day."""

SLOTS = 1_000
_DAY = 86_400

_FUNCTIONS = """
-- A number in [0, 1) that depends on nothing but a row's number, the purpose and the seed.
CREATE FUNCTION pg_temp.u(row_number bigint, purpose integer) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$
    SELECT ((hashint8extended(row_number, purpose + {seed} * 1000) >> 12) & 2251799813685247)::float8 / 2251799813685248
$$;
-- When the row at this share of all rows came to be: more each year, and most around the turn of the year.
CREATE FUNCTION pg_temp.moment(share float8) RETURNS timestamptz LANGUAGE sql IMMUTABLE AS $$
    SELECT to_timestamp(floor({begins}
        + {span} * (power(share, 0.6) - 0.02 * sin(31.41592653589793 * power(share, 0.6)))))
$$;
-- A customer: few of them buy most, one in ten never does, and being a good one has nothing to do with one's number.
CREATE FUNCTION pg_temp.customer(draw float8) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT 1 + (floor({users} * 0.9 * power(draw, 2.5))::bigint * 48271) % {users}
$$;
"""

_PRODUCTS = """
CREATE TABLE products AS
SELECT n::integer AS id, 'SKU-' || lpad(n::text, 5, '0') AS sku, name, category, price::numeric(10, 2) AS price,
    (1000 * pg_temp.u(n, 1))::integer AS stock
FROM unnest({names}::text[], {categories}::text[], {prices}::numeric[]) WITH ORDINALITY AS p (name, category, price, n);
"""

_USERS = """
CREATE TEMP TABLE place AS SELECT n - 1 AS slot, country, city
FROM unnest({countries}::text[], {cities}::text[]) WITH ORDINALITY AS p (country, city, n);
CREATE TEMP TABLE domain AS SELECT n - 1 AS slot, name FROM unnest({domains}::text[]) WITH ORDINALITY AS d (name, n);
CREATE TEMP TABLE first_name AS SELECT n - 1 AS slot, name, written
FROM unnest({first_names}::text[], {written}::text[]) WITH ORDINALITY AS f (name, written, n);
CREATE TABLE users AS
SELECT i::bigint AS id, f.written || '.' || i || '@' || domain.name AS email, f.name AS first_name,
    ({last_names}::text[])[1 + floor({last_name_count} * power(pg_temp.u(i, 13), 1.7))::integer] AS last_name,
    place.country, place.city,
    CASE WHEN pg_temp.u(i, 14) < 0.65 THEN '+' || (10000000000 + floor(89999999999 * pg_temp.u(i, 15))::bigint) END
        AS phone,
    CASE WHEN i > {n} * 0.99 AND pg_temp.u(i, 16) < 0.6 THEN 'pending' WHEN pg_temp.u(i, 16) < 0.87 THEN 'active'
        WHEN pg_temp.u(i, 16) < 0.99 THEN 'inactive' ELSE 'banned' END AS status,
    pg_temp.moment(i::float8 / {n}) AS created_at,
    CASE WHEN pg_temp.u(i, 17) < 0.8 THEN pg_temp.moment((i + ({n} - i) * pg_temp.u(i, 18)) / {n}) END AS last_login_at
FROM generate_series(1, {n}) AS i
JOIN place ON place.slot = floor({slots} * pg_temp.u(i, 10))::bigint
JOIN domain ON domain.slot = floor({slots} * pg_temp.u(i, 11))::bigint
JOIN first_name f ON f.slot = floor({first_name_count} * power(pg_temp.u(i, 12), 1.4))::bigint;
"""

# The best seller is one in twenty of all that is sold; the worst, one in a few thousand.
_ITEMS = """
CREATE TEMP TABLE product AS SELECT n - 1 AS slot, name, category, price::float8
FROM unnest({names}::text[], {categories}::text[], {prices}::float8[]) WITH ORDINALITY AS p (name, category, price, n);
CREATE TABLE order_items AS
SELECT row_number() OVER () AS id, i::bigint AS order_id, product.name AS product_name, product.category,
    1 + floor(3.2 * power(pg_temp.u(i * 8 + j, 23), 4))::integer AS quantity,
    -- Whole cents, because a float is slow to become a numeric.
    (round(100 * product.price * (0.9 + 0.2 * pg_temp.u(i * 8 + j, 22)))::integer * 0.01)::numeric(10, 2) AS price,
    ordered AS created_at
FROM (SELECT i, pg_temp.moment(i::float8 / {n}) AS ordered FROM generate_series(1, {n}) AS i OFFSET 0) AS asked
CROSS JOIN LATERAL generate_series(1, 1 + floor(5 * power(pg_temp.u(i, 20), 1.56))::integer) AS j
JOIN product ON product.slot = floor({product_count} * power(pg_temp.u(i * 8 + j, 21), 2))::bigint;
"""

# An order's status follows from its age; its total from what is in it.
_ORDERS = """
CREATE TABLE orders AS
SELECT order_id AS id, pg_temp.customer(pg_temp.u(order_id, 30)) AS user_id, ordered AS order_date,
    CASE WHEN ordered > to_timestamp({ends}) - interval '2 days' THEN
            CASE WHEN fate < 0.5 THEN 'pending' WHEN fate < 0.95 THEN 'processing' ELSE 'cancelled' END
        WHEN ordered > to_timestamp({ends}) - interval '12 days' THEN
            CASE WHEN fate < 0.15 THEN 'processing' WHEN fate < 0.7 THEN 'shipped' WHEN fate < 0.94 THEN 'completed'
                ELSE 'cancelled' END
        WHEN fate < 0.905 THEN 'completed' WHEN fate < 0.96 THEN 'cancelled' WHEN fate < 0.997 THEN 'refunded'
        ELSE 'disputed' END AS status,
    total::numeric(10, 2) AS total_amount,
    CASE WHEN pg_temp.u(order_id, 32) < 0.96 THEN (1 + floor(220 * power(pg_temp.u(order_id, 33), 2)))::integer || ' '
        || ({streets}::text[])[1 + floor({street_count} * pg_temp.u(order_id, 34))::integer] END AS shipping_address
FROM (
    SELECT order_id, sum(quantity * price) AS total, min(created_at) AS ordered, pg_temp.u(order_id, 31) AS fate
    FROM order_items GROUP BY order_id ORDER BY order_id
) AS bought;
"""

# Once the apps were there (a tenth into the history), nearly nobody came by the mobile web any more.
_EVENTS = """
CREATE TABLE events AS
SELECT i::bigint AS id, CASE WHEN pg_temp.u(i, 40) < 0.93 THEN pg_temp.customer(pg_temp.u(i, 41)) END AS user_id,
    kind AS event_type,
    ('{{"device": "' || CASE WHEN i < {n} * 0.1 THEN
            CASE WHEN gadget < 0.2 THEN 'mobile' WHEN gadget < 0.9 THEN 'desktop' ELSE 'tablet' END
        WHEN gadget < 0.42 THEN 'android-app' WHEN gadget < 0.70 THEN 'ios-app' WHEN gadget < 0.965 THEN 'desktop'
        WHEN gadget < 0.993 THEN 'tablet' WHEN gadget < 0.997 THEN 'mobile' ELSE 'kiosk' END
    || '", "ms": ' || floor(20 + 40 / (0.01 + pg_temp.u(i, 44)))::integer
    || CASE WHEN kind = 'search' THEN
            ', "query": "' || CASE WHEN pg_temp.u(i, 45) < 0.1 THEN 'マウス' ELSE 'mouse' END || '"'
        WHEN kind = 'error' THEN
            ', "error": {{"code": ' || 500 + floor(5 * pg_temp.u(i, 45))::integer || ', "fatal": true}}'
        ELSE ', "page": "/products/' || 1 + floor({product_count} * power(pg_temp.u(i, 45), 2))::integer || '"' END
    || CASE WHEN pg_temp.u(i, 46) < 0.02 THEN ', "campaign": "spring-sale"' ELSE '' END || '}}')::jsonb AS event_data,
    pg_temp.moment(i::float8 / {n}) AS created_at
FROM (
    SELECT i, pg_temp.u(i, 43) AS gadget,
        CASE WHEN draw < 0.55 THEN 'page_view' WHEN draw < 0.73 THEN 'search' WHEN draw < 0.85 THEN 'add_to_cart'
            WHEN draw < 0.93 THEN 'login' WHEN draw < 0.99 THEN 'checkout' ELSE 'error' END AS kind
    FROM (SELECT i, pg_temp.u(i, 42) AS draw FROM generate_series(1, {n}) AS i) AS drawn
) AS happened;
"""


def lanes(scale: float, seed: int) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Two lanes of steps, each a few words and its statements; the steps of a lane share temporary tables."""
    users, orders, events = (max(1_000, round(count * scale)) for count in (USERS, ORDERS, EVENTS))
    sold = words.products()
    names, categories, prices = (_array(column) for column in zip(*sold, strict=True))
    functions = _FUNCTIONS.format(
        seed=seed, begins=BEGINS.timestamp(), span=(ENDS - BEGINS).total_seconds(), users=users
    )
    goods = {"names": names, "categories": categories, "prices": prices, "product_count": len(sold)}
    streets = {"streets": _array(words.STREETS), "street_count": len(words.STREETS)}
    selling = [
        ("Opening the tills", functions),
        ("Filling order items", _ITEMS.format(n=orders, **goods)),
        ("Filling orders", _ORDERS.format(n=orders, ends=ENDS.timestamp(), **streets)),
        *_finish("orders"),
        *_finish("order_items"),
    ]
    visiting = [
        ("Opening the doors", functions),
        ("Filling products", _PRODUCTS.format(**goods)),
        ("Filling users", _USERS.format(n=users, slots=SLOTS, **_people())),
        *_finish("products"),
        *_finish("users"),
        ("Filling events", _EVENTS.format(n=events, product_count=len(sold))),
        *_finish("events"),
    ]
    return selling, visiting


def _finish(table: str) -> list[tuple[str, str]]:
    name = table.replace("_", " ")
    return [
        (f"Shaping {name}", schema.SHAPES[table]),
        *((f"Indexing {name}", statement) for statement in schema.INDEXES[table]),
        (f"Numbering {name}", schema.NUMBERING.format(table=table)),
        (f"Analysing {name}", f"VACUUM (ANALYZE) {table}"),
    ]


def _people() -> dict[str, object]:
    places = words.slots(tuple(place[:2] for place in words.PLACES), tuple(place[2] for place in words.PLACES))
    domains = words.slots(tuple(domain[:1] for domain in words.DOMAINS), tuple(domain[1] for domain in words.DOMAINS))
    return {
        "countries": _array([country for country, _ in places]),
        "cities": _array([city for _, city in places]),
        "domains": _array([name for (name,) in domains]),
        "first_names": _array([name for name, _ in words.FIRST_NAMES]),
        "written": _array([written for _, written in words.FIRST_NAMES]),
        "first_name_count": len(words.FIRST_NAMES),
        "last_names": _array(words.LAST_NAMES),
        "last_name_count": len(words.LAST_NAMES),
    }


def _array(values: Iterable[object]) -> str:
    """Write our own words or numbers as an array in SQL."""
    return "ARRAY[" + ", ".join("'" + str(value).replace("'", "''") + "'" for value in values) + "]"
