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

"""What the task of every kind of action is."""

import abc
from collections.abc import Callable
from collections.abc import Mapping
from typing import Any
from typing import ClassVar

from taskflow import task

from glance_lifecycle.worker import action as actions
from glance_lifecycle.worker import cloud as clouds

Say = Callable[[str], None]


class Act(task.Task):
    """Does what one action says; done twice, it is done once.

    :param say: is told how far it is, now and then
    :cvar kind: of the action; also the name of its entry point

    Provides ``proof``: plain data that shows what was done.
    """

    kind: ClassVar[str]
    default_provides = 'proof'

    def __init__(self, cloud: clouds.Cloud, say: Say) -> None:
        super().__init__(name='lifecycle-' + self.kind)
        self.cloud = cloud
        self.say = say

    def execute(self, lifecycle_action: Mapping[str, Any],
                lifecycle_image: Mapping[str, Any]) -> dict[str, Any]:
        return self.act(actions.Action.from_dict(lifecycle_action),
                        lifecycle_image)

    @abc.abstractmethod
    def act(self, action: actions.Action,
            image: Mapping[str, Any]) -> dict[str, Any]:
        """Do it.

        :param image: as the Image API showed it just before
        :returns: the proof
        :raises LifecycleError: it is not done
        """


def without_store(store: str, text: str) -> str:
    """The detail of a StoreError, of its message."""
    return text.removeprefix('Store %s failed: ' % store)
