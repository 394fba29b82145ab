# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#      http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.

"""A directory of real files, and a Glance that says what it is told to."""

from collections.abc import Mapping
from collections.abc import Sequence
import os
import pathlib
import tempfile
import time
from typing import Any
import unittest

from glance_lifecycle.audit.hygiene import claims
from glance_lifecycle.audit.hygiene import examination
from glance_lifecycle.audit.hygiene import judging
from glance_lifecycle.audit.hygiene.local import place
from glance_lifecycle.audit.hygiene import wording
from glance_lifecycle.tests.unit.audit.hygiene import helpers

A, B, C, D = helpers.A, helpers.B, helpers.C, helpers.D
DAY = helpers.DAY


class Host:
    """:param marks: id -> what an image is marked with

    :ivar asked: how many ids each statement asked for
    """

    def __init__(self, *images: helpers.Image, busy: Sequence[str] = (),
                 marks: Mapping[str, Mapping[str, str]] | None = None
                 ) -> None:
        self._host = helpers.Host(*images, busy=busy)
        self._marks = marks or {}
        self.images = self._host.images
        self.busy = self._host.busy
        self.asked: list[int] = []

    def some(self, ids: Sequence[str]) -> Mapping[str, claims.Image]:
        self.asked.append(len(ids))
        return self._host.some(ids)

    def marks(self, ids: Sequence[str]) -> Mapping[str, Mapping[str, str]]:
        return {one: self._marks[one] for one in ids if one in self._marks}


def image(image_id: str, status: str = 'active', **other: Any
          ) -> helpers.Image:
    """That has not changed for long."""
    return helpers.Image(image_id, status, **{
        'created': 0.0, 'changed': 0.0, **other})


def gone(image_id: str, **other: Any) -> helpers.Image:
    return image(image_id, 'deleted', deleted=True, **other)


class LocalCase(unittest.TestCase):

    def setUp(self) -> None:
        super().setUp()
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.base = pathlib.Path(directory.name)
        # Times of change cannot be set, so that it is later now.
        self.times = judging.Times(time.time() + 2 * DAY, DAY)
        self.totals = examination.Totals()

    def put(self, name: str, data: bytes = b'x' * 5000) -> pathlib.Path:
        path = self.base / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path

    def items(self, one: place.Place, host: place.Host
              ) -> dict[str, wording.Item]:
        """Relative name -> what is said of it."""
        self.totals = examination.Totals()
        return {os.path.relpath(item.where, self.base): item
                for item in one.items(host, self.times, self.totals)}

    def said(self, one: place.Place, host: place.Host) -> dict[str, str]:
        """Relative name -> the slug."""
        return {name: item.slug
                for name, item in self.items(one, host).items()}
