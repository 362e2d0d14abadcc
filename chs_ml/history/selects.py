"""The one kind of statement that a table may be read with: a single SELECT that changes nothing."""

from __future__ import annotations

from chs_ml.history.findings import TableError, error

_REMEDY = "Write one SELECT (or WITH … SELECT)"


def one_select(query: str, dialect: str, name: str) -> str:
    """The SELECT alone, without a closing semicolon or comment; TableError (not-a-select) for anything else.

    dialect: sqlglot's name of it. name: what the messages call the table.
    """
    import sqlglot  # a quarter of a second, and only a table from a database needs it
    from sqlglot import TokenType
    from sqlglot.errors import ErrorLevel, SqlglotError

    try:
        tokens = sqlglot.tokenize(query, read=dialect)
    except SqlglotError:
        raise _refused(name, "cannot be parsed", f"{_REMEDY}; check its quotes") from None
    while tokens and tokens[-1].token_type == TokenType.SEMICOLON:
        tokens.pop()
    if not tokens:
        raise _refused(name, "is empty", _REMEDY)
    if any(token.token_type == TokenType.SEMICOLON for token in tokens):
        raise _refused(name, "holds more than one statement", _REMEDY)
    if tokens[0].token_type not in {TokenType.SELECT, TokenType.WITH, TokenType.L_PAREN}:
        raise _refused(name, "is no SELECT", _REMEDY)
    if dialect == "mysql" and any(comment.startswith(("!", "M!")) for token in tokens for comment in token.comments):
        raise _refused(name, "holds a comment that MySQL executes (/*! … */)", "Remove the comment")
    statement = query[: tokens[-1].end + 1]
    try:
        tree = sqlglot.parse_one(statement, read=dialect, error_level=ErrorLevel.RAISE)
    except SqlglotError:  # its text quotes the query with the terminal's colours
        remedy = f"{_REMEDY}; if the database understands it, make it a view there and select from that"
        raise _refused(name, "cannot be parsed", remedy) from None
    _refuse_change(tree, name)
    return statement


def _refuse_change(tree: object, name: str) -> None:
    """TableError if the tree is no query, or anything within it writes or locks."""
    from sqlglot import exp

    if not isinstance(tree, exp.Query):
        raise _refused(name, "is no SELECT", _REMEDY)
    if tree.find(exp.Into):
        raise _refused(name, "holds SELECT INTO, which writes", "Remove INTO")
    if tree.find(exp.Lock):
        raise _refused(name, "locks rows (FOR UPDATE, FOR SHARE)", "Remove the lock")
    if tree.find(exp.DML, exp.DDL, exp.Drop, exp.Command):
        raise _refused(name, "holds a statement that writes", _REMEDY)


def _refused(name: str, found: str, remedy: str) -> TableError:
    return TableError(error("not-a-select", f"{name}: the query {found}; a table is read by one SELECT", remedy))
