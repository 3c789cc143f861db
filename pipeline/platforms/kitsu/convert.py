"""Kitsu's word on a title in our terms, from whichever of its two APIs the parts came."""

from collections.abc import Mapping

from pipeline.domain.source_title import SourceTitle
from pipeline.platforms.kitsu._graphql import convert_graphql
from pipeline.platforms.kitsu._jsonapi import convert_jsonapi

__all__ = ["convert_title"]


def convert_title(id_: str, parts: Mapping[str, bytes]) -> SourceTitle:
    """Everything Kitsu says of one title. A GraphQL record says more, so it goes before JSON:API documents."""
    return convert_graphql(id_, parts) if "anime" in parts else convert_jsonapi(id_, parts)
