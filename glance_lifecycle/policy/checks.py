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


"""Why an image must not come in: every reason, each with who says so."""

from collections.abc import Iterator
from collections.abc import Mapping
import dataclasses
from typing import Any

from glance_lifecycle.policy import facts as policy_facts
from glance_lifecycle.policy import match
from glance_lifecycle.policy import wants

GIB = 1024 ** 3

# The expansion ratio says nothing of small disks: an empty qcow2 of 10 GiB is
# 196 KiB, a ratio of 53,000, and costs twenty seconds of hashing at most.
RATIO_EXEMPT = 10 * GIB


@dataclasses.dataclass(frozen=True, slots=True)
class Violation:
    """One reason to refuse: a stable slug and a sentence.

    :ivar rule: the rule that says so, or ``defaults``, or the option
    """

    reason: str
    detail: str
    rule: str = ''


@dataclasses.dataclass(frozen=True, slots=True)
class Outcome:
    """What was decided of one section.

    :ivar rule: the rule that matched first, or ``defaults``
    :ivar wants: the section's class in ``wants``
    :ivar origins: field -> who decided it
    """

    rule: str
    wants: Any
    origins: Mapping[str, str]

    def by(self, field: str) -> str:
        """Who decided it, for a sentence."""
        origin = self.origins[field]
        if origin == 'defaults':
            return 'defaults of the lifecycle policy'
        if origin.startswith('['):
            return origin
        return 'rule %s of the lifecycle policy' % origin


def violations(facts: policy_facts.Facts, require: Outcome, place: Outcome,
               visibility: Outcome, metadata: Outcome
               ) -> tuple[Violation, ...]:
    """All at once, so that the user need not try many times."""
    return (*_format_and_sizes(facts, require),
            *_signature(facts, require), *_properties(facts, require),
            *_stores(facts, place), *_visibility(facts, visibility),
            *_metadata(facts, metadata))


def _format_and_sizes(facts: policy_facts.Facts, outcome: Outcome
                      ) -> Iterator[Violation]:
    require: wants.Require = outcome.wants
    if (facts.disk_format is not None
            and facts.disk_format not in require.formats):
        yield _violation('format-not-allowed', outcome, 'formats', (
            'disk format %s is not among those allowed here (%s). Convert '
            'the image first, or ask the operator to add it to %s'
            % (facts.disk_format, ', '.join(sorted(require.formats)),
               outcome.by('formats'))))
    field = 'container_formats'
    if (facts.container_format is not None
            and facts.container_format not in require.container_formats):
        yield _violation('container-not-allowed', outcome, field, (
            'container format %s is not among those allowed here (%s). Take '
            'the image out and import it with container_format=bare, or ask '
            'the operator to add it to %s'
            % (match.text(facts.container_format),
               ', '.join(sorted(require.container_formats)),
               outcome.by(field))))
    size, virtual_size = facts.size, facts.virtual_size
    if virtual_size is None:
        return
    limit = require.max_virtual_size
    if limit and virtual_size > limit:
        yield _violation('size-limit', outcome, 'max_virtual_size', (
            'its virtual size of %.1f GiB exceeds the limit of %.1f GiB '
            '(%s)' % (virtual_size / GIB, limit / GIB,
                      outcome.by('max_virtual_size'))))
    most = require.max_expansion_ratio
    if not most or virtual_size <= RATIO_EXEMPT or size is None:
        return
    ratio = virtual_size / max(size, 1)
    if ratio > most:
        yield _violation('expansion-ratio', outcome, 'max_expansion_ratio', (
            'a file of %d KiB claims a virtual size of %.1f GiB, %d times as '
            'much; at most %d times is allowed (%s)'
            % (size / 1024, virtual_size / GIB, ratio, most,
               outcome.by('max_expansion_ratio'))))


def _signature(facts: policy_facts.Facts, outcome: Outcome
               ) -> Iterator[Violation]:
    if facts.signed is False and outcome.wants.signature == 'always':
        yield _violation('signature-required', outcome, 'signature', (
            'only signed images may be imported (%s). Sign it ("openstack '
            'image lifecycle sign FILE") and set the four img_signature '
            'properties before the import' % outcome.by('signature')))


def _properties(facts: policy_facts.Facts, outcome: Outcome
                ) -> Iterator[Violation]:
    for wanted in outcome.wants.properties:
        if wanted.holds(facts) is False:
            yield _violation('property-required', outcome, 'properties', (
                '%s, but must be so that %s (%s). Set it on the image'
                % (wanted.why_not(facts), wanted,
                   outcome.by('properties'))))


def _stores(facts: policy_facts.Facts, outcome: Outcome
            ) -> Iterator[Violation]:
    """A store that is not there cannot be guessed."""
    place: wants.Place = outcome.wants
    if facts.store_kinds is None:
        return
    for field, stores in (('stores', place.stores or ()),
                          ('later', place.later)):
        if missing := [s for s in stores if s not in facts.store_kinds]:
            yield _violation('store-unknown', outcome, field, (
                'it belongs in store %s (%s), and this cloud has no such '
                'store. Tell the operator' % (match.text(missing),
                                              outcome.by(field))))


def _visibility(facts: policy_facts.Facts, outcome: Outcome
                ) -> Iterator[Violation]:
    wanted: wants.Visibility = outcome.wants
    found = facts.visibility
    if found is None:
        return
    if found not in wanted.allowed:
        yield _violation('visibility-not-allowed', outcome, 'allowed', (
            'its visibility is %s, and only %s is allowed (%s). Change that '
            'before the import' % (found, ' or '.join(wanted.allowed),
                                   outcome.by('allowed'))))
    elif not wanted.permits(found, facts.project):
        yield _violation('publisher-not-allowed', outcome, 'publishers', (
            'its visibility is %s, and project %s is not among those that '
            'may publish images (%s). Make it private, or ask the operator'
            % (found, match.text(facts.project or 'none'),
               outcome.by('publishers'))))


def _metadata(facts: policy_facts.Facts, outcome: Outcome
              ) -> Iterator[Violation]:
    wanted: wants.Metadata = outcome.wants
    for what, field, found in (
            ('property', 'forbid_properties', facts.properties),
            ('tag', 'forbid_tags', facts.tags)):
        if bad := forbidden(getattr(wanted, field), found):
            yield _violation(what + '-forbidden', outcome, field, (
                'the %s %s is not allowed here (%s). Remove it from the '
                'image' % (what, match.text(bad), outcome.by(field))))


def forbidden(patterns: tuple[str, ...], names: Any) -> list[str]:
    """Those that match one of the shell patterns."""
    if not patterns or not names:
        return []
    pattern = match.globs(patterns)
    return sorted(name for name in names if pattern.match(name))


def _violation(reason: str, outcome: Outcome, field: str, detail: str
               ) -> Violation:
    return Violation(reason, detail, outcome.origins[field])
