"""AnimeSchedule v3: 18 titles a request by their ids elsewhere, believed only when the record repeats the id."""

from pipeline.platforms.animeschedule.adapter import AnimeScheduleAdapter

__all__ = ["AnimeScheduleAdapter"]
