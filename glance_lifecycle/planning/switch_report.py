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

"""A switch of the default store as plain data."""

from typing import Any

from glance_lifecycle.planning import boots
from glance_lifecycle.planning import cloud as clouds
from glance_lifecycle.planning import conf_text
from glance_lifecycle.planning import default_store
from glance_lifecycle.planning import known
from glance_lifecycle.planning import switch_steps

#: Raised if a field changes its meaning, or goes.
VERSION = 1


def report(cloud: clouds.Cloud, switch: default_store.Switch
           ) -> dict[str, Any]:
    """Numbers are in bytes, seconds, days, and the currency of the cloud."""
    stay = switch.stay
    return {
        'version': VERSION, 'currency': cloud.currency,
        'from': switch.old.name, 'to': switch.new.name,
        'warnings': list(switch_steps.warnings(switch)),
        'goes_to_default': [
            {'what': one.what, 'but': one.but}
            for one in switch_steps.GOES],
        'image': {name: _fact(getattr(switch.typical, name))
                  for name in ('virtual_size', 'data_size')},
        'consumers': [_landing(one) for one in switch.landings],
        'snapshots': [{
            'compute_group': one.group.name,
            'image_in_old_store': _snapshot(one.old),
            'image_in_new_store': _snapshot(one.new)}
            for one in switch.snapshots],
        'growth_per_week': cloud.growth and _fact(cloud.growth),
        'stores': [{
            'name': one.store.name, 'kind': one.store.kind,
            'cost_per_gib_month': {
                'value': round(one.cost, 6), 'from': one.source.value},
            'free': _fact(one.store.free),
            'days_until_full': one.days and round(one.days, 1)}
            for one in switch.rooms],
        'images_that_stay': {
            'images': stay.count, 'stored': round(stay.stored),
            'in_no_other_store': stay.alone,
            'room_lacking': round(stay.lacking),
            'move_with': switch_steps.move(switch)},
        'configuration': conf_text.default_store(switch.old, switch.new),
        'steps': list(switch_steps.steps(switch)),
        'back': list(switch_steps.back(switch)),
    }


def _fact(one: known.Known[float]) -> dict[str, Any]:
    return {'value': one.value, 'from': one.source.value}


def _landing(one: default_store.Landing) -> dict[str, Any]:
    return {
        'name': one.consumer.name, 'service': one.consumer.service,
        'disks_per_week': one.disks, 'format': one.kind.value,
        'change': one.change.value,
        'before': _served(one.before), 'after': _served(one.after)}


def _served(one: boots.Served) -> dict[str, Any]:
    return {'cloned': one.cloned,
            'condition': one.failed and one.failed.condition.value,
            'why': one.failed and one.failed.words,
            'first_seconds': round(one.first.seconds, 3),
            'later_seconds': round(one.later.seconds, 3)}


def _snapshot(one: default_store.Snapshot) -> dict[str, Any]:
    return {'store': one.store.name, 'uploaded': not one.direct,
            'why': one.why or None}
