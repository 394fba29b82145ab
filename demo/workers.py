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

"""A day in the life of two workers, and its history in sentences."""

import contextlib
from typing import Any

from demo import screen
from glance_lifecycle.tests.functional.worker import day
from glance_lifecycle.worker.database import history


def run(cleaned_up: contextlib.AbstractContextManager[Any],
        the_day: day.Day) -> None:
    """:raises TimeoutError: what should happen did not"""
    with cleaned_up:
        image_ids = the_day.run()
        for image_id in image_ids:
            _tell(the_day, image_id)


def the_day() -> day.Day:
    screen.heading('A day in the life of two workers')
    return day.Day(_say)


def _say(what: str, text: str) -> None:
    screen.row(what, text)


def _tell(the_day: day.Day, image_id: str) -> None:
    image = the_day.api.admin().get(image_id)
    screen.heading('What happened to %s' % image['name'])
    for entry in history.of_image(the_day.workers[0].database, image_id):
        screen.row(entry.at.strftime('%H:%M:%S'), entry.event)
        screen.note(entry.text)
