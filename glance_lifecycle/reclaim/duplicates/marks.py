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

"""What an image that was hidden says of that, so that it can be undone.

In the same request as what they tell of, so that neither is there without the
other. Users may neither set nor remove them where the property protections
that are shipped are installed.
"""

from collections.abc import Mapping
from typing import Any

#: digits of the plan that has hidden it
HIDDEN_BY = 'lifecycle_hidden_by'
#: id of the image to use instead
DUPLICATE_OF = 'lifecycle_duplicate_of'

_Patch = list[dict[str, Any]]


def plan_of(image: Mapping[str, Any]) -> str:
    """The plan that has hidden it; empty for none."""
    return str(image.get(HIDDEN_BY) or '')


def hide(plan: str, instead: str, name: str = DUPLICATE_OF) -> _Patch:
    """JSON patch, RFC 6902.

    :param name: of the property that says what to use instead
    """
    return [_hidden(True),
            {'op': 'add', 'path': '/' + HIDDEN_BY, 'value': plan},
            {'op': 'add', 'path': '/' + name, 'value': instead}]


def show(image: Mapping[str, Any]) -> _Patch:
    """The reverse."""
    return [_hidden(False), *(
        {'op': 'remove', 'path': '/' + name}
        for name in (HIDDEN_BY, DUPLICATE_OF) if name in image)]


def _hidden(value: bool) -> dict[str, Any]:
    return {'op': 'replace', 'path': '/os_hidden', 'value': value}
