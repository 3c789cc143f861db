"""Reading GraphQL documents: what is asked, what it costs, or what is wrong with it.

Parsing and validation are graphql-core's; the answer is made by :mod:`pipeline.practice.graphql_answer`, because a
whole batch (50 titles with their casts) must be answered in a fraction of a second. Parsed documents are kept by text.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib import resources
from typing import Any, Final

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLEnumType,
    GraphQLError,
    GraphQLField,
    GraphQLIncludeDirective,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLSkipDirective,
    OperationDefinitionNode,
    SelectionSetNode,
    build_schema,
    get_named_type,
    get_nullable_type,
    is_abstract_type,
    is_list_type,
    is_non_null_type,
    parse,
    validate,
)
from graphql.execution.values import get_argument_values, get_directive_values, get_variable_values

__all__ = [
    "Asked",
    "BadDocument",
    "Operation",
    "Selected",
    "count_fields",
    "count_nodes",
    "load_schema",
    "read",
]

_ZERO: Final[Mapping[str, object]] = {"Int": 0, "Float": 0.0, "String": "", "Boolean": False, "ID": "0", "Map": {}}


class BadDocument(ValueError):
    """The document, or its variables, do not fit the schema; ``errors`` are graphql-core's."""

    def __init__(self, errors: Sequence[GraphQLError]) -> None:
        super().__init__(errors[0].message if errors else "bad document")
        self.errors = tuple(errors)


@dataclass(frozen=True, slots=True)
class Selected:
    """One field of the answer: its key, its name at the platform, its arguments and what is asked inside."""

    key: str
    name: str
    owner: str
    """Type the field belongs to."""
    arguments: Mapping[str, Any]
    is_list: bool
    missing: object
    """What stands in the answer where the platform has nothing: ``None``, or the zero of a type that forbids it."""
    inside: tuple["Selected", ...] = ()
    on: frozenset[str] | None = None
    """Names of the types it is asked of; ``None``: of whatever comes."""
    is_composite: bool = False
    is_connection: bool = False
    """Whether the field takes ``first`` and ``last``."""
    node: FieldNode | None = None


@dataclass(frozen=True, slots=True)
class Operation:
    """A document that passed validation, with the operation that is meant."""

    schema: GraphQLSchema
    definition: OperationDefinitionNode
    fragments: Mapping[str, FragmentDefinitionNode]


@dataclass(frozen=True, slots=True)
class Asked:
    """What one request asks: fields as written (``spelled``, for cost rules) and joined by key (``fields``)."""

    spelled: tuple[Selected, ...]
    fields: tuple[Selected, ...]


@lru_cache
def load_schema(name: str) -> GraphQLSchema:
    """Schema ``name`` of this folder."""
    return build_schema(resources.files(__package__).joinpath(f"{name}.graphql").read_text("utf-8"))


@lru_cache(maxsize=256)
def _parse(schema_name: str, text: str) -> DocumentNode:
    document = parse(text, no_location=False)
    errors = validate(load_schema(schema_name), document)
    if errors:
        raise BadDocument(errors)
    return document


def read(schema_name: str, text: str, variables: Mapping[str, Any], name: str | None = None) -> Asked:
    """Understand one request. Raises :class:`BadDocument`."""
    try:
        operation = _operation(load_schema(schema_name), _parse(schema_name, text), name)
    except GraphQLError as error:
        raise BadDocument([error]) from error
    wanted = operation.definition.variable_definitions or ()
    bound = get_variable_values(operation.schema, wanted, dict(variables))
    if isinstance(bound, list):
        raise BadDocument(bound)
    root = operation.schema.query_type
    if root is None:
        raise BadDocument([GraphQLError("the schema has no query type")])
    try:
        spelled = tuple(_select(operation, operation.definition.selection_set, root, None, bound))
    except GraphQLError as error:
        raise BadDocument([error]) from error
    return Asked(spelled, _merge(spelled))


def _operation(schema: GraphQLSchema, document: DocumentNode, name: str | None) -> Operation:
    operations = [d for d in document.definitions if isinstance(d, OperationDefinitionNode)]
    named = [d for d in operations if name is None or (d.name is not None and d.name.value == name)]
    if len(named) != 1:
        raise GraphQLError("Must provide operation name if query contains multiple operations.")
    fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
    return Operation(schema, named[0], fragments)


def _select(
    operation: Operation,
    selection_set: SelectionSetNode,
    parent: GraphQLNamedType,
    on: frozenset[str] | None,
    variables: Any,  # graphql-core's own type, another one in each minor version
) -> list[Selected]:
    found: list[Selected] = []
    for node in selection_set.selections:
        if _is_left_out(node, variables):
            continue
        if isinstance(node, FieldNode):
            found.append(_field(operation, node, parent, on, variables))
            continue
        if isinstance(node, FragmentSpreadNode):
            fragment = operation.fragments[node.name.value]
            condition, inner = fragment.type_condition.name.value, fragment.selection_set
        else:
            condition = node.type_condition.name.value if node.type_condition else parent.name  # type: ignore[attr-defined]  # the third kind of selection is an inline fragment
            inner = node.selection_set  # type: ignore[attr-defined]  # the third kind of selection is an inline fragment
        narrowed = operation.schema.type_map[condition]
        names = on if narrowed is parent else _possible(operation.schema, narrowed)
        found.extend(_select(operation, inner, narrowed, names, variables))
    return found


def _is_left_out(node: Any, variables: Any) -> bool:
    if not node.directives:
        return False
    skip = get_directive_values(GraphQLSkipDirective, node, variables)
    include = get_directive_values(GraphQLIncludeDirective, node, variables)
    return bool((skip and skip["if"]) or (include and not include["if"]))


def _possible(schema: GraphQLSchema, type_: GraphQLNamedType) -> frozenset[str]:
    if is_abstract_type(type_):
        return frozenset(t.name for t in schema.get_possible_types(type_))
    return frozenset({type_.name})


def _field(
    operation: Operation,
    node: FieldNode,
    parent: GraphQLNamedType,
    on: frozenset[str] | None,
    variables: Any,  # graphql-core's own type, another one in each minor version
) -> Selected:
    key = node.alias.value if node.alias else node.name.value
    if node.name.value == "__typename":
        return Selected(key, "__typename", parent.name, {}, is_list=False, missing=parent.name, on=on, node=node)
    definition: GraphQLField = parent.fields[node.name.value]  # type: ignore[attr-defined]  # validation saw the field
    nullable = get_nullable_type(definition.type)
    named = get_named_type(definition.type)
    inside: tuple[Selected, ...] = ()
    if node.selection_set is not None:
        inside = tuple(_select(operation, node.selection_set, named, None, variables))
    arguments = get_argument_values(definition, node, variables) if definition.args else {}
    is_list = is_list_type(nullable)
    missing: object = None
    if is_list:
        missing = []
    elif is_non_null_type(definition.type):
        missing = _zero(named)
    return Selected(
        key=key,
        name=node.name.value,
        owner=parent.name,
        arguments=arguments,
        is_list=is_list,
        missing=missing,
        inside=inside,
        on=on,
        is_composite=node.selection_set is not None,
        is_connection="first" in definition.args,
        node=node,
    )


def _zero(type_: GraphQLNamedType) -> object:
    if isinstance(type_, GraphQLEnumType):
        return next(iter(type_.values))
    if isinstance(type_, GraphQLObjectType):
        return {}
    return _ZERO.get(type_.name, "")


def _merge(fields: Sequence[Selected]) -> tuple[Selected, ...]:
    """Join fields that were asked twice under one key, as the language demands."""
    joined: dict[tuple[str, frozenset[str] | None], Selected] = {}
    for field in fields:
        slot = (field.key, field.on)
        before = joined.get(slot)
        joined[slot] = field if before is None else replace(before, inside=(*before.inside, *field.inside))
    return tuple(replace(field, inside=_merge(field.inside)) for field in joined.values())


def count_fields(fields: Sequence[Selected]) -> int:
    """AniList's cost: the number of fields, fragments expanded; ids and page sizes add nothing."""
    return sum(1 + count_fields(field.inside) for field in fields)


def count_nodes(fields: Sequence[Selected]) -> int:
    """Kitsu's cost: ``first`` x (1 + inside) for a connection, 1 + inside for others with a selection or arguments.

    ``nodes`` itself and plain scalars are free.
    """
    total = 0
    for field in fields:
        inside = count_nodes(field.inside)
        size = field.arguments.get("first") or field.arguments.get("last")
        if size is not None:
            total += int(size) * (1 + inside)
        elif field.name == "nodes":
            total += inside
        elif field.is_composite or field.arguments:
            total += 1 + inside
    return total
