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

"""What needs an image is asked before it is taken away."""

from collections.abc import Callable
from collections.abc import Mapping
from typing import Any

from taskflow import task

from glance_lifecycle.worker import cloud as clouds


class AskDependents(task.Task):
    """Nothing needs the image, and everybody was asked."""

    def __init__(self, cloud: clouds.Cloud) -> None:
        super().__init__(name='lifecycle-ask-dependents')
        self._cloud = cloud

    def execute(self, lifecycle_image: Mapping[str, Any]) -> None:
        self._cloud.check_unused(lifecycle_image)


class LookAgain(task.Task):
    """What was looked at before that took its time is looked at again."""

    def __init__(self, look_again: Callable[[], None]) -> None:
        super().__init__(name='lifecycle-look-again')
        self._look_again = look_again

    def execute(self) -> None:
        self._look_again()
