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

"""Clouds on paper: files, and small ones that a test changes."""

from collections.abc import Sequence
import dataclasses
import pathlib
from typing import Any

from glance_lifecycle.planning import boots
from glance_lifecycle.planning import cloud as clouds
from glance_lifecycle.planning import cloud_file
from glance_lifecycle.planning import formats

CLOUDS = pathlib.Path(__file__).parent / 'clouds'
EXAMPLE = pathlib.Path(__file__).parents[4] / 'etc/planning/cloud.yaml'


def text(name: str) -> str:
    return (CLOUDS / (name + '.yaml')).read_text()


def cloud(name: str, *changes: tuple[str, str]) -> clouds.Cloud:
    """:param changes: what stands in the file, and what shall stand there"""
    found = text(name)
    for old, new in changes:
        assert found.count(old) == 1, old
        found = found.replace(old, new)
    return cloud_file.load(found.encode())


def changed(one: Any, **values: Any) -> Any:
    """A fact keeps where it is from."""
    return dataclasses.replace(one, **{
        name: value if isinstance(value, (str, tuple)) else
        dataclasses.replace(getattr(one, name), value=value)
        for name, value in values.items()})


def week(image: clouds.Image, kind: formats.Format,
         copies: Sequence[clouds.Copy], consumer: clouds.Consumer,
         glance: clouds.Glance) -> boots.Week:
    """All disks that a consumer makes of the image in a week."""
    disks = image.uses(consumer)
    if not disks:
        return boots.Week()
    how = boots.served(image, kind, copies, consumer, glance)
    first = 1 if how.once else boots.keeping(consumer, disks)
    return boots.Week(
        disks, disks if how.cloned else 0,
        first * how.first.seconds + (disks - first) * how.later.seconds,
        first * how.first.moved + (disks - first) * how.later.moved)
