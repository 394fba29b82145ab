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

"""Caches in words: rows of the advice."""

from collections.abc import Iterator

from glance_lifecycle.planning.caches import sizing
from glance_lifecycle.planning import cloud as clouds
from glance_lifecycle.planning.exceptional import Advice
from glance_lifecycle.planning.exceptional import Rejected
from glance_lifecycle.planning import layout
from glance_lifecycle.planning import words

# Of the limit: what comes between two runs of the pruner is on top of it.
_OVER = 0.1
_MINUTES = (5, 60)
_STALL = (600, 4)
_WEEK = 7 * 24 * 3600


def rows(cloud: clouds.Cloud, plan: layout.Plan) -> Iterator[Advice]:
    """Of caches, where something is downloaded."""
    yield from of(sizing.planned(cloud, plan))


def of(plan: sizing.Plan) -> Iterator[Advice]:
    """Glance first; compute groups with the same advice are one row."""
    if plan.glance is not None:
        yield _glance(plan, plan.glance)
    same: dict[tuple[float, bool], list[sizing.Sized]] = {}
    for one in plan.groups:
        same.setdefault((one.best.setting, one.best is one.today),
                        []).append(one)
    for groups in same.values():
        yield _groups(plan, groups)
    for one in plan.groups:
        if one.prefetched:
            yield _prefetch(one)


def pruner_minutes(sized: sizing.Sized, nodes: float = 1) -> int:
    """So often that a tenth of the limit comes between two runs, at most."""
    rate = sized.best.moved / nodes / _WEEK
    least, most = _MINUTES
    if not rate:
        return most
    minutes = int(_OVER * sized.best.setting / rate / 60)
    return min(most, max(least, minutes // least * least))


def stall_seconds(sized: sizing.Sized) -> int:
    """Longer than any download that goes on."""
    least, times = _STALL
    return max(least, int(times * sized.longest))


def replayed(plan: sizing.Plan) -> str:
    """A sentence."""
    trace = plan.trace
    return 'Replayed: %s of %.1f weeks%s.' % (
        words.count(len(trace.boots), 'boots'), trace.seconds / _WEEK,
        '' if trace.given else ', made by chance of those of a week'
        if trace.share == 1 else ', made by chance, of %.2g of the hosts'
        % trace.share)


def _glance(plan: sizing.Plan, sized: sizing.Sized) -> Advice:
    best, today = sized.best, sized.today
    what = 'cache of Glance'
    if sized.useless:
        return Advice(
            what, 'Leave image_cache_dir unset: a cache is not worth its '
            'disk.', '%s At no size does it serve %d %% of the bytes that are '
            'downloaded.' % (replayed(plan), 100 * sizing.LEAST))
    return Advice(
        what, '%s image_cache_max_size = %d (%s) in [DEFAULT] of '
        'glance-api.conf of each glance-api, and run glance-cache-pruner '
        'every %d minutes.' % (
            'Keep' if best is today else 'Set', best.setting,
            words.size(best.setting), pruner_minutes(sized)),
        '%s %s Its directory had %s at most: the pruner comes afterwards. The '
        'longest fetch takes %s: image_cache_stall_time = %d is enough.' % (
            replayed(plan), _numbers(best), words.size(best.disk),
            words.seconds(sized.longest), stall_seconds(sized)),
        tuple(Rejected(words.size(one.setting), '%s%s' % (
            'As today. ' if one is today else '', _numbers(one)))
            for one in _others(sized)))


def _groups(plan: sizing.Plan, groups: list[sizing.Sized]) -> Advice:
    first = max(groups, key=lambda one: one.best.waited)
    best, today = first.best, first.today
    return Advice(
        'base images of %s' % words.names(one.name for one in groups),
        '%s remove_unused_original_minimum_age_seconds = %d in [image_cache] '
        'of nova.conf.' % ('Keep' if best is today else 'Set', best.setting),
        '%s %s%s A host had %s of base images at most: Nova has no limit of '
        'their size.' % (
            replayed(plan), '' if len(groups) == 1 else 'Of %s: ' % first.name,
            _numbers(best), words.size(best.disk)),
        tuple(Rejected('%d' % one.setting, '%s%s' % (
            'As today. ' if one is today else '', _numbers(one)))
            for one in _others(first)))


def _others(sized: sizing.Sized) -> list[sizing.Point]:
    """Today's, and the end of the scale."""
    found = [sized.today, sized.points[-1]]
    return [one for number, one in enumerate(found)
            if one is not sized.best and one not in found[:number]]


def _numbers(point: sizing.Point) -> str:
    return ('%.1f %% of the bytes come from there, %s a week are downloaded, '
            'and boots wait %s a week for these.' % (
                100 * point.served, words.size(point.moved),
                words.seconds(point.waited)))


def _prefetch(sized: sizing.Sized) -> Advice:
    return Advice(
        'prefetch for %s' % sized.name,
        'Have Nova cache %s on these hosts, with "openstack aggregate cache '
        'image".' % words.names(one.name for one in sized.prefetched),
        'At least half of the hosts download each of them in a week all the '
        'same, and boots wait %s a week for that.' % words.seconds(
            sum(one.waited for one in sized.prefetched)))
