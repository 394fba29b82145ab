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

"""The check ``lifecycle:...`` for Glance's policy.yaml.

oslo.policy loads this module while Glance is being imported, and in any
other service of the same environment. So it imports nothing of Glance: the
work is in ``guard``, which is imported when the first request asks.
"""

from collections.abc import Mapping
from collections.abc import MutableMapping
from typing import Any

from oslo_policy import policy


class LifecycleCheck(policy.Check):
    """``lifecycle:delete`` and its like; for the others see ``guard``.

    True, or Glance's Forbidden with a sentence for the user: what returns
    False is explained by Glance as "You are not authorized", without a why.
    So it must be the last of an ``and``, and in no ``or`` and no ``not``.
    """

    def __call__(self, target: Mapping[str, Any],
                 creds: MutableMapping[str, Any], enforcer: policy.Enforcer,
                 current_rule: str | None = None) -> bool:
        from glance_lifecycle.enforcement import guard
        guard.check(self.match, target, creds, lambda: _is_admin(
            enforcer, creds))
        return True


def _is_admin(enforcer: policy.Enforcer, creds: MutableMapping[str, Any]
              ) -> bool:
    # Not Glance's own method, which wants a context.
    return bool(policy.Enforcer.enforce(enforcer, 'context_is_admin', {},
                                        creds))
