"""Every name of a statement is bound to the schema or to what the statement itself names; the others are refused."""

from __future__ import annotations

from collections.abc import Iterable

from sqlglot import exp
from sqlglot.expressions.core import Expr

from assay.ask.guard.columns import Columns
from assay.ask.guard.functions import ROWS
from assay.ask.guard.names import LONGEST, find_table, key, known, servers_own, written
from assay.ask.guard.outputs import output_name
from assay.ask.guard.recursion import check_recursion
from assay.ask.guard.scope import Place, Relation, Scope, listed


class Binder(Columns):
    """Binds one tree, in place: names of tables are written as the graph spells them, with their schema.

    An identifier that no rule has reached counts as unknown, so that a clause nobody thought of cannot hide a name.
    """

    def bind(self, tree: Expr) -> None:
        """Bind a whole statement; `found` says what could not be bound."""
        self.query(tree, None, {})
        for node in tree.find_all(exp.Identifier, exp.Column, exp.Table):
            if len(node.name.encode()) > LONGEST[self.dialect] and isinstance(node, exp.Identifier):
                self.refuse("name.length", f"a name of more than {LONGEST[self.dialect]} bytes is cut off", node)
            if id(node) not in self.reached and not self.found:
                self.refuse("name.unbound", f"{node.name[:60]!r} stands where no name is let pass", node)

    # -- queries --

    def query(self, node: Expr, outer: Scope | None, ctes: dict[str, Relation]) -> Relation:
        """Bind a query; returns its columns."""
        ctes = self._with(node, outer, dict(ctes))
        if isinstance(node, exp.Select):
            return self._select(node, outer, ctes)
        if isinstance(node, exp.SetOperation):
            return self._combined(node, outer, ctes)
        if isinstance(node, exp.Subquery):
            inner = self.query(node.this, outer, ctes)
            self._tail(node, inner, outer, ctes)
            return inner
        if isinstance(node, exp.Values):
            return self._values(node, Scope(ctes, outer))
        self.refuse("query.kind", f"{type(node).__name__} is no query that is let pass", node)
        return Relation([])

    def _with(self, node: Expr, outer: Scope | None, ctes: dict[str, Relation]) -> dict[str, Relation]:
        clause = node.args.get("with_")
        if not isinstance(clause, exp.With):
            return ctes
        names = [key(one.args["alias"].this, self.dialect) for one in clause.expressions]
        if len(set(names)) < len(names):
            self.refuse("cte.twice", "two WITH queries have one name", clause)
        for place, cte in enumerate(clause.expressions):
            alias: exp.TableAlias = cte.args["alias"]
            self.reach(alias.this, *alias.columns)
            columns = [key(one, self.dialect) for one in alias.columns]
            shared = bool(clause.args.get("recursive")) or self.dialect == "sqlite"
            seen = _tables_in(cte.this, self.dialect) if shared else set[str]()
            if seen & set(names[place + 1 :]):
                self.refuse("cte.forward", "a WITH query reads one that comes later", cte)
            if names[place] in seen:
                relation = self._recursive(cte, names[place], columns, outer, ctes)
            else:
                relation = self.query(cte.this, outer, ctes)
            shown = relation.renamed(columns)
            ctes[names[place]] = Relation(shown.columns, whole=True, spelled=alias.this.name, open=shown.open)
        return ctes

    def _recursive(
        self, cte: exp.CTE, name: str, columns: list[str], outer: Scope | None, ctes: dict[str, Relation]
    ) -> Relation:
        body = cte.this
        if not isinstance(body, exp.Union) or name in _tables_in(body.this, self.dialect) or body.args.get("with_"):
            self.refuse("cte.recursion", "a WITH query that reads itself must be UNION of a start and a step", cte)
            return Relation([])
        first = self.query(body.this, outer, ctes)
        itself = Relation([(one, None) for one, _ in first.columns], whole=True, open=first.open).renamed(columns)
        itself.spelled = cte.alias
        self.query(body.expression, outer, ctes | {name: itself})
        self._tail(body, itself, outer, ctes)
        counted = [] if first.open else [one for one, _ in itself.columns]  # behind an open * none has a known place
        message = check_recursion(body, name, counted, self.dialect)
        if message:
            self.refuse("cte.endless", message, cte)
        self.warnings.append(f"{name} is computed by recursion")
        return itself

    def _combined(self, node: exp.SetOperation, outer: Scope | None, ctes: dict[str, Relation]) -> Relation:
        # A chain of UNIONs leans to the left and may be long: it is walked, not recursed into.
        arms: list[Expr] = []
        left: Expr = node
        while isinstance(left, exp.SetOperation) and (left is node or not left.args.get("with_")):
            arms.append(left.expression)
            left = left.this
        first = self.query(left, outer, ctes)
        for arm in reversed(arms):
            other = self.query(arm, outer, ctes)
            told = first.columns and other.columns and not first.open and not other.open
            if told and len(other.columns) != len(first.columns):
                self.refuse("query.columns", "the two sides of a set operation differ in their number of columns", arm)
        inner: Expr = node
        while isinstance(inner, exp.SetOperation):
            self._tail(inner, first, outer, ctes)
            inner = inner.this if inner.this is not left else left
            if inner is left:
                break
        return Relation([(name, None) for name, _ in first.columns], open=first.open)

    def _tail(self, node: Expr, columns: Relation, outer: Scope | None, ctes: dict[str, Relation]) -> None:
        """ORDER BY, LIMIT and OFFSET of something whose columns are known."""
        scope = Scope(ctes, outer, [("", Relation(columns.columns, open=columns.open))])
        for name in ("order", "limit", "offset"):
            self.expression(node.args.get(name), scope)

    def _select(self, node: exp.Select, outer: Scope | None, ctes: dict[str, Relation]) -> Relation:
        scope = Scope(ctes, outer)
        if isinstance(start := node.args.get("from_"), exp.From):
            self._source(start.this, scope)
        self._joins([*listed(node, "joins"), *listed(node, "laterals")], scope)
        for window in listed(node, "windows"):
            self.reach(window.this)
            scope.windows.add(key(window.this, self.dialect))
        outputs: list[tuple[str, Place | None]] = []
        for one in node.expressions:
            outputs += self._output(one, scope)
        scope.aliases = {key(one.args["alias"], self.dialect) for one in node.expressions if isinstance(one, exp.Alias)}
        for name in ("distinct", "where", "group", "having", "order", "limit", "offset"):
            self.expression(node.args.get(name), scope)
        for window in listed(node, "windows"):
            for part in ("partition_by", "order", "spec", "alias"):
                self.window_part(window.args.get(part), scope)
        opens = any(self._opens(one, scope) for one in node.expressions)
        return Relation([(name, None) for name, _ in outputs], open=opens)

    def _opens(self, node: Expr, scope: Scope) -> bool:
        """Whether an item of a select list makes columns of which nothing is known."""
        if isinstance(node, exp.Star):
            return any(relation.open for _, relation in scope.sources)
        if not isinstance(node, exp.Column) or not isinstance(node.this, exp.Star):
            return False
        table = node.args.get("table")
        relation = scope.named(key(table, self.dialect)) if isinstance(table, exp.Identifier) else None
        return relation is not None and relation.open

    def _output(self, node: Expr, scope: Scope) -> list[tuple[str, Place | None]]:
        """Columns that one item of a select list makes."""
        if isinstance(node, exp.Star):
            shown = [pair for _, relation in scope.sources for pair in relation.columns]
            if not scope.sources:
                self.refuse("column.star", "* without FROM", node)
            self.columns.update(place for _, place in shown if place is not None)
            once: list[tuple[str, Place | None]] = []
            for name, place in shown:
                if name not in scope.merged or all(name != one for one, _ in once):
                    once.append((name, place))
            return once
        if isinstance(node, exp.Column) and isinstance(node.this, exp.Star):
            relation = self.qualifier(node, scope)
            shown = relation.columns if relation else []
            self.columns.update(place for _, place in shown if place is not None)
            return list(shown)
        self.expression(node, scope)
        return [(output_name(node, self.dialect), None)]

    # -- FROM --

    def _joins(self, joins: Iterable[Expr], scope: Scope) -> None:
        for join in joins:
            if not isinstance(join, exp.Join):
                self._source(join, scope)
                continue
            before = [relation for _, relation in scope.sources]
            self._source(join.this, scope)
            after = [relation for _, relation in scope.sources[len(before) :]]
            for name in listed(join, "using"):
                self._using(name, before, after, scope)
            if join.args.get("method") == "NATURAL":
                left = {name for relation in before for name, _ in relation.columns}
                common = {name for relation in after for name, _ in relation.columns} & left
                scope.merged |= common
                for relation in (*before, *after):
                    self.columns.update(place for name in common for place in relation.places(name))
            elif not join.args.get("using") and not join.args.get("on") and _is_named(join.this):
                self.warnings.append(f"{join.this.name} is joined without a condition")
            self.expression(join.args.get("on"), scope)

    def _using(self, name: Expr, before: list[Relation], after: list[Relation], scope: Scope) -> None:
        identifier = name.this if isinstance(name, exp.Column) else name
        if not isinstance(identifier, exp.Identifier):
            self.refuse("column.using", "USING takes names of columns", name)
            return
        self.reach(name, identifier)
        wanted = key(identifier, self.dialect)
        if not any(one.has(wanted) for one in before) or not any(one.has(wanted) for one in after):
            self.refuse("column.unknown", f"{identifier.name} of USING is not a column of both sides", name)
        for relation in (*before, *after):
            self.columns.update(relation.places(wanted))
        scope.merged.add(wanted)

    def _source(self, node: Expr, scope: Scope) -> None:
        """Bind one item of FROM and add it to the scope."""
        if isinstance(node, exp.Lateral):
            relation = self._lateral(node, scope)
            self._add(node, relation, scope, "")
        elif isinstance(node, exp.Table) and isinstance(node.this, exp.Identifier):
            self._table(node, scope)
        elif isinstance(node, exp.Table):
            self.reach(node)
            relation, name = self._rows(node.this, scope), _called(node.this)
            if node.args.get("ordinality"):
                relation = Relation([*relation.columns, ("ordinality", None)])
            self._add(node, relation, scope, name)
        elif isinstance(node, exp.Unnest):
            self._add(node, self._rows(node, scope), scope, "unnest")
        elif isinstance(node, exp.Values):
            self._add(node, self._values(node, scope), scope, "")
        elif (
            isinstance(node, exp.Subquery) and isinstance(node.this, (exp.Table, exp.Subquery)) and not _is_query(node)
        ):
            inner = Scope(scope.ctes, scope.outer) if node.args.get("alias") else scope
            self._source(node.this, inner)
            if inner is not scope:
                columns = [pair for _, relation in inner.sources for pair in relation.columns]
                self._add(node, Relation(columns, open=any(one.open for _, one in inner.sources)), scope, "")
        elif isinstance(node, exp.Subquery):
            self._add(node, self.query(node, scope.outer, scope.ctes), scope, "")
        else:
            self.refuse("from.kind", f"{type(node).__name__} is nothing to select from", node)
        self._joins(listed(node, "joins"), scope)

    def _lateral(self, node: exp.Lateral, scope: Scope) -> Relation:
        inside = node.this
        if isinstance(inside, exp.Subquery):
            return self.query(inside, scope, scope.ctes)
        relation = self._rows(inside, scope)
        return Relation([*relation.columns, ("ordinality", None)]) if node.args.get("ordinality") else relation

    def _add(self, node: Expr, relation: Relation, scope: Scope, name: str) -> None:
        """Put a relation under its alias, its columns renamed as the alias says."""
        alias = node.args.get("alias")
        names: list[str] = []
        if isinstance(alias, exp.TableAlias):
            for one in alias.columns:
                identifier = one.this if isinstance(one, exp.ColumnDef) else one
                self.reach(identifier)
                names.append(key(identifier, self.dialect))
            self.reach(alias.this)
            name = key(alias.this, self.dialect) if alias.this else name
        inside = node.this if isinstance(node, (exp.Table, exp.Lateral)) else node
        single = relation.columns[:1] == [("", None)]  # a function's one column is named by the alias
        if single and not names:
            relation = relation.renamed([name])
        elif names:
            relation = relation.renamed(names)
        offset = inside.args.get("offset") if isinstance(inside, exp.Unnest) else None
        if isinstance(offset, exp.Identifier):
            self.reach(offset)
            relation = Relation([*relation.columns, (key(offset, self.dialect), None)])
        elif offset:
            relation = Relation([*relation.columns, ("ordinality", None)])
        if name and any(name == other for other, _ in scope.sources):
            self.refuse("alias.twice", f"{name} names two relations of one FROM", node)
        relation.whole = self.dialect == "postgres"
        scope.sources.append((name, relation))

    def _rows(self, node: Expr, scope: Scope) -> Relation:
        """Columns of a function in FROM, whose arguments may name what stands before it."""
        if isinstance(node, exp.JSONTable):
            return self._json_table(node, scope)
        if isinstance(node, exp.Unnest) and self.dialect == "postgres":
            for one in node.expressions:
                self.expression(one, scope)
            return Relation([("", None)] * max(1, len(node.expressions)))
        name = _called(node)
        if not isinstance(node, exp.Anonymous) or name not in ROWS[self.dialect]:
            self.refuse("from.function", f"{name or type(node).__name__} is no function to select from", node)
            return Relation([])
        for one in node.expressions:
            self.expression(one, scope)
        return Relation([(column, None) for column in ROWS[self.dialect][name] or ("",)])

    def _json_table(self, node: exp.JSONTable, scope: Scope) -> Relation:
        self.expression(node.this, scope)
        self.expression(node.args.get("path"), scope)
        names: list[tuple[str, Place | None]] = []
        for one in node.find_all(exp.JSONColumnDef):
            if isinstance(one.this, exp.Identifier):
                self.reach(one.this)
                names.append((key(one.this, self.dialect), None))
        return Relation(names)

    def _values(self, node: exp.Values, scope: Scope) -> Relation:
        inner = Scope(scope.ctes, scope.outer)
        for one in node.expressions:
            self.expression(one, inner)
        first = node.expressions[0] if node.expressions else None
        width = len(first.expressions) if isinstance(first, exp.Tuple) else 1
        return Relation([(f"column{place + 1}", None) for place in range(width)])

    def _table(self, node: exp.Table, scope: Scope) -> None:
        name, schema, alias = node.this, node.args.get("db"), node.args.get("alias")
        self.reach(node, name, schema)
        wanted = key(name, self.dialect)
        if schema is None and wanted in scope.ctes:
            # Where MySQL tells names of relations apart by case, another spelling would be a table that is not checked.
            if self.dialect == "mysql" and scope.ctes[wanted].spelled != name.name:
                node.set("this", written(scope.ctes[wanted].spelled, "mysql", quoted=True))
                self.reach(node.this)
            cte = scope.ctes[wanted]
            self._add(node, Relation(list(cte.columns), open=cte.open), scope, wanted)
            return
        if not self.graph.known:
            self._untold(node, scope)
            return
        places = find_table(self.graph, name, schema)
        if len(places) != 1:
            few = "is not a table of the schema" if not places else "names several tables; say the schema"
            self.refuse("table.unknown" if not places else "table.ambiguous", f"{node.name[:80]} {few}", node)
            scope.sources.append((wanted, Relation([])))
            return
        table = self.graph.tables[places[0]]
        self.tables.add(places[0])
        if table.schema and self.dialect != "sqlite":
            node.set("db", written(table.schema, self.dialect, quoted=bool(schema and schema.args.get("quoted"))))
            self.reach(node.args["db"])
        if table.name != name.name:
            node.set("this", written(table.name, self.dialect, quoted=bool(name.args.get("quoted"))))
            self.reach(node.this)
        columns = [(known(one.name, self.dialect), (places[0], at)) for at, one in enumerate(table.columns)]
        if not alias:
            own = table.schema or ("public" if self.dialect == "postgres" else "main")
            scope.schemas[wanted] = known(own, self.dialect)
        self._add(node, Relation(list(columns), places[0]), scope, wanted)

    def _untold(self, node: exp.Table, scope: Scope) -> None:
        """Bind a table of which nothing is known: any name may be one, but for those that are the server's own."""
        name, schema = node.this, node.args.get("db")
        if servers_own(name, schema, self.dialect):
            self.refuse("table.own", f"{node.sql()[:80]} is the server's own, not a table that somebody made", node)
        wanted = key(name, self.dialect)
        if not node.args.get("alias"):
            own = "public" if self.dialect == "postgres" else "main"
            scope.schemas[wanted] = key(schema, self.dialect) if schema else own
        self._add(node, Relation([], open=True), scope, wanted)


def _is_named(node: object) -> bool:
    return isinstance(node, exp.Table) and isinstance(node.this, exp.Identifier)


def _called(node: Expr) -> str:
    return f"{node.this}".lower() if isinstance(node, exp.Anonymous) and isinstance(node.this, str) else ""


def _is_query(node: exp.Subquery) -> bool:
    """Whether brackets in FROM hold a query in the end; otherwise they hold a join."""
    inside: Expr = node
    while isinstance(inside, exp.Subquery):
        if inside.args.get("joins"):
            return False
        inside = inside.this
    return not isinstance(inside, exp.Table)


def _tables_in(node: Expr, dialect: str) -> set[str]:
    """Folded names, without a schema, of all relations that a query names at any depth."""
    return {
        key(table.this, dialect)  # pyright: ignore[reportArgumentType]
        for table in node.find_all(exp.Table)
        if isinstance(table.this, exp.Identifier) and not table.args.get("db")
    }
