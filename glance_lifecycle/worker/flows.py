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

"""The flow of each kind of action."""

from collections.abc import Callable
from collections.abc import Mapping
from typing import Any

import stevedore
from taskflow.patterns import linear_flow

from glance_lifecycle import exceptions
from glance_lifecycle.worker import action as actions
from glance_lifecycle.worker import cloud as clouds
from glance_lifecycle.worker.tasks import base
from glance_lifecycle.worker.tasks import dependents

NAMESPACE = 'glance_lifecycle.actions'

ACTION, IMAGE, PROOF = 'lifecycle_action', 'lifecycle_image', 'proof'


def flow(action: actions.Action, cloud: clouds.Cloud, say: base.Say,
         look_again: Callable[[], None]) -> linear_flow.Flow:
    """Ask what needs the image, where that counts; then do it.

    :param look_again: raises where it is not to be done any more

    Requires ``lifecycle_action`` and ``lifecycle_image``; provides
    ``proof``.
    """
    found = linear_flow.Flow('lifecycle-%s' % action.purpose)
    if action.unused:
        found.add(dependents.AskDependents(cloud),
                  dependents.LookAgain(look_again))
    found.add(_act(action.kind)(cloud, say))
    return found


def store(action: actions.Action, image: Mapping[str, Any]
          ) -> dict[str, Any]:
    """What the flow requires."""
    return {ACTION: action.to_dict(), IMAGE: dict(image)}


def _act(kind: str) -> type[base.Act]:
    """:raises ConfigurationError: it is not installed, or cannot be loaded"""
    try:
        driver: Any = stevedore.DriverManager(
            NAMESPACE, kind, warn_on_missing_entrypoint=False).driver
    except (stevedore.exception.NoMatches, RuntimeError, ImportError) as error:
        raise exceptions.ConfigurationError(
            detail='the action %s cannot be loaded: %s' % (kind, error)
        ) from error
    found: type[base.Act] = driver
    return found
