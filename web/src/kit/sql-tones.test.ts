import { describe, expect, test } from "vitest";
import { isSql, toned } from "./sql-tones";

/** The parts of one tone. */
const of = (text: string, tone: string) => toned(text).filter((span) => span.tone === tone).flatMap((span) => span.text.split(/\s+/));

describe("tones of plain SQL", () => {
  test("DDL: words, names and numbers are told apart", () => {
    const ddl = "CREATE INDEX CONCURRENTLY orders_user_idx ON public.orders USING btree (user_id, total_amount DESC) INCLUDE (key) WITH (fillfactor = 90)";
    expect(of(ddl, "keyword")).toEqual(["CREATE", "INDEX", "CONCURRENTLY", "ON", "USING", "DESC", "INCLUDE", "WITH"]);
    expect(of(ddl, "number")).toEqual(["90"]);
  });
  test("a word in small letters that may be a name stays one; a reserved one does not", () => {
    expect(of("select index, type, t.select from \"from\" t where left(a, 1) = 'x'", "keyword")).toEqual(["select", "from", "where"]);
    expect(of("update t set a = 1; delete from t; prepare p as insert into t values (1)", "keyword")).toEqual(["update", "set", "delete", "from", "prepare", "as", "insert", "into", "values"]);
  });
  test("strings: doubled quotes, escapes, dollars, an unclosed one", () => {
    expect(of("SELECT f('CREATE INDEX ON t ((d ->> ''x''))')", "string").join(" ")).toBe("'CREATE INDEX ON t ((d ->> ''x''))'");
    expect(of("SELECT E'it\\'s', $1, $a$b $ c$a$", "string")).toEqual(["E'it\\'s'", "$a$b", "$", "c$a$"]);
    expect(of("SELECT 'open -- no comment", "string").join(" ")).toBe("'open -- no comment");
    expect(of("SELECT $1 + $2", "parameter")).toEqual(["$1", "$2"]);
  });
  test("comments: to the end of the line, and nested", () => {
    expect(of("SET a = 1; -- once, 'x'\nSELECT 2", "comment").join(" ")).toBe("-- once, 'x'");
    expect(of("/* a /* b */ c */ SELECT 1", "comment").join(" ")).toBe("/* a /* b */ c */");
  });
  test("a body on several lines is toned inside", () => {
    expect(of("DO $do$\nBEGIN\n  RAISE EXCEPTION 'gone';\nEND\n$do$;", "keyword")).toEqual(["DO", "BEGIN", "RAISE", "EXCEPTION", "END"]);
  });
  test("numbers", () => expect(of("SELECT 1, 1.5, .5, 2e-3, 1_000, 0xFF, a1", "number")).toEqual(["1", "1.5", ".5", "2e-3", "1_000", "0xFF"]));
  test("joined, the spans are the text, whatever it holds", () => {
    const pieces = ["'", "\"", "$$", "$a$", "--", "/*", "*/", "\n", "SELECT", " ", "é", "1.", "..", "\\", "e'", "$1", "\u{1F600}", ";", "u&'", "名"];
    let seed = 7;
    const next = () => (seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648);
    for (let run = 0; run < 500; run++) {
      const text = Array.from({ length: next() % 12 }, () => pieces[next() % pieces.length]).join("");
      expect(toned(text).map((span) => span.text).join("")).toBe(text);
    }
  });
});

test("SQL is told from sentences and commands", () => {
  for (const text of ["CREATE INDEX ON t (a)", "select 1 from t", "-- why\nSET lock_timeout = '2s';", "(SELECT 1)", "with x as (select 1) select * from x", "UPDATE t SET a = 1", "update t set a = 1", "EXPLAIN SELECT 1", "create unique index i on t (a)"])
    expect(isSql(text), text).toBe(true);
  for (const text of ["Create an index on orders (user_id)", "set by the role", "assay init --apply", "update it when the table grows", "Select the source first", "profiler_ro", "", "with care", "15.18"])
    expect(isSql(text), text).toBe(false);
});
