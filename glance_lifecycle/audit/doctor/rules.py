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

"""Glance's own policies: who may do what with images.

The files of oslo.policy, that are YAML or JSON of a name and a rule. A rule is
judged only where it plainly says that anybody may: nothing else is understood
here, and nothing that a rule names is asked.
"""

from collections.abc import Iterator
import dataclasses
import pathlib
import re

import yaml

from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit.doctor import reading
from glance_lifecycle.audit import finding
from glance_lifecycle.policy import yaml_tree

#: Of Glance 31 to 33: glance/policies.
NAMES = frozenset("""
    add_image add_image_location add_member add_metadef_namespace
    add_metadef_object add_metadef_property
    add_metadef_resource_type_association add_metadef_tag add_metadef_tags
    add_task cache_clean cache_delete cache_image cache_list cache_prune
    communitize_image context_is_admin copy_image deactivate default
    delete_image delete_image_location delete_member delete_metadef_namespace
    delete_metadef_object delete_metadef_tag delete_metadef_tags
    download_from_store download_image fetch_image_location get_image
    get_image_location get_images get_member get_members
    get_metadef_namespace get_metadef_namespaces get_metadef_object
    get_metadef_objects get_metadef_properties get_metadef_property
    get_metadef_resource_type get_metadef_tag get_metadef_tags get_task
    get_tasks list_cached_nodes list_metadef_resource_types
    manage_image_cache metadef_admin metadef_default modify_image
    modify_member modify_metadef_namespace modify_metadef_object
    modify_metadef_property modify_metadef_tag modify_task publicize_image
    reactivate remove_metadef_property
    remove_metadef_resource_type_association service_api set_image_location
    stores_info_detail tasks_api_access upload_image""".split())

_DEFAULT = 'default'
_FILE = 'policy.yaml'
_FILE_OF_OLD = 'policy.json'
_DIRECTORY = 'policy.d'
_DEEPEST = 5

# Roles that every user of a cloud has somewhere.
_COMMON = frozenset(('role:member', 'role:_member_', 'role:reader',
                     'project_id:%(project_id)s'))
# A line of YAML.
_NOTHING = re.compile(rb'\s*+(#.*)?|(---|\.\.\.)(\s+(#.*)?)?')
_REFERENCE = re.compile(r'\brule:([^\s()]+)')


@dataclasses.dataclass(frozen=True)
class Rule:
    """One line.

    :ivar text: as it is written, empty for what YAML reads as nothing; None
        for the lists of old
    """

    name: str
    text: str | None
    place: finding.Place


@dataclasses.dataclass(frozen=True)
class Broken:
    """A file that was not used.

    :ivar certain: Glance does not understand it either
    """

    path: str
    line: int
    reason: str
    certain: bool
    lifecycle: bool = False


class Rules:
    """Those of one host.

    :ivar rules: by name; of two, the one that is read later
    """

    def __init__(self, host: hosts.Host) -> None:
        self.rules: dict[str, Rule] = {}
        self.broken: list[Broken] = []
        named = host.value('oslo_policy', 'policy_default_rule')
        self._default: str = _DEFAULT if named is None else named
        for shown, data in _files(host):
            if isinstance(data, str):
                self.broken.append(Broken(shown, 0, data, certain=False))
            elif data.strip():
                self._read(shown, data)

    def anybody(self, name: str, *, users: bool = False) -> bool:
        """Whether a rule plainly lets everybody.

        :param users: or every user with a role in some project
        """
        rule = self.rules.get(name)
        return rule is not None and self._open(rule.text, users, _DEEPEST)

    def instead(self) -> tuple[str, bool]:
        """What counts for a rule that nobody has written.

        oslo.policy takes another for it (Rules.__missing__): the one that
        ``policy_default_rule`` names, "default", which Glance has as one that
        allows everything.

        :returns: its name, empty if there is none and everybody is refused,
            and whether it plainly lets everybody
        """
        there = self._default in self.rules or self._default in NAMES
        return (self._default if there else '',
                self._open('rule:' + self._default, False, _DEEPEST))

    def named(self) -> set[str]:
        """What the rules refer to."""
        return {name for rule in self.rules.values()
                for name in references(rule)}

    def _open(self, text: str | None, users: bool, depth: int) -> bool:
        if text is None or depth == 0 or len(text) > 1000:
            return False
        text = text.strip()
        if text in ('', '@') or (users and text in _COMMON):
            return True
        # "and", "not" and brackets may close it again.
        if re.search(r'[()]|\b(and|not)\b', text, re.IGNORECASE):
            return False
        parts = re.split(r'\s+or\s+', text, flags=re.IGNORECASE)
        if len(parts) > 1:
            return any(self._open(part or '!', users, depth - 1)
                       for part in parts)
        found = _REFERENCE.fullmatch(text)
        rule = self.rules.get(found[1]) if found else None
        if rule is None and found and found[1] == _DEFAULT:
            # Glance's own, unless it is in a file that was not read.
            return not self.broken
        return rule is not None and self._open(rule.text, users, depth - 1)

    def _read(self, shown: str, data: bytes) -> None:
        # Ansible begins each with "---". oslo.policy has no rules then.
        if all(_NOTHING.fullmatch(line) for line in data.split(b'\n')):
            return
        tree = yaml_tree.read(data)
        if not isinstance(tree.value, dict):
            # The text of what is wrong may hold what is in the file.
            line = tree.problems[0].line if tree.problems else 1
            self.broken.append(Broken(
                shown, line, 'It is not a list of names and rules.',
                certain=tree.value is not None or any(
                    'not YAML' in one.message for one in tree.problems)))
            return
        line = _bad_tab(data)
        if line:
            self.broken.append(Broken(
                shown, line, 'A tab stands where YAML allows none.',
                certain=True))
            return
        plain = {(one.line, one.column) for one in tree.problems}
        for name, value in tree.value.items():
            line = tree.keys.get((name,), (1, 1))[0]
            if isinstance(value, str) and tree.place((name,)) in plain:
                value = _WORDS.get(value.lower(), value)
            # Whatever is false is no rule for oslo.policy, and lets everybody.
            if value and isinstance(value, int | dict):
                self.broken.append(Broken(
                    shown, line, 'What stands for "%s" is no rule.'
                    % masking.name(str(name)), certain=True,
                    lifecycle='version' in tree.value))
                return
            self.rules[str(name)] = Rule(
                str(name), None if value and isinstance(value, list)
                else value or '',
                finding.Place(shown, line, masking.name(str(name))))


# What YAML reads where these are not in quotes.
_WORDS = {'~': None, 'null': None, 'no': False, 'off': False, 'false': False,
          'yes': True, 'on': True, 'true': True}


def _bad_tab(data: bytes) -> int:
    """The line of a tab that oslo.policy refuses; 0 if there is none.

    The loader that it uses is stricter than the one in C, which we use.
    """
    # JSON with tabs is read by some releases of it.
    if b'\t' not in data or data.lstrip()[:1] == b'{':
        return 0
    try:
        for _event in yaml.parse(data, Loader=yaml.SafeLoader):
            pass
    except yaml.YAMLError as error:
        mark = getattr(error, 'problem_mark', None)
        return mark.line + 1 if mark else 1
    return 0


def file_name(host: hosts.Host) -> str:
    """The file that is read, as it is named.

    :raises Hidden: a report has taken it away
    """
    name: str = host.value('oslo_policy', 'policy_file') or _FILE
    # oslo.policy 4.6, pick_default_policy_file; 5.0 does so no longer.
    if host.release < 32 and name == _FILE and (
            host.policies.lacks(_FILE)) and (
                not host.policies.lacks(_FILE_OF_OLD)):
        return _FILE_OF_OLD
    return name


def _files(host: hosts.Host) -> Iterator[tuple[str, bytes | str]]:
    """Path, as it is shown, and the bytes, or why there are none."""
    directory = host.policies
    named = [file_name(host)]
    for one in host.value('oslo_policy', 'policy_dirs') or [_DIRECTORY]:
        path = pathlib.PurePath(str(one))
        if path.is_relative_to('/etc/glance'):
            path = path.relative_to('/etc/glance')
        if not path.is_absolute() and '..' not in path.parts:
            named += [str(path / name)
                      for name in directory.names(str(path))]
    for name in named:
        try:
            data = directory.data(name)
        except reading.Unreadable as error:
            yield error.path, error.reason
            continue
        if data is not None:
            yield directory.shown(name), data


def references(rule: Rule) -> set[str]:
    """The rules that one refers to."""
    return set(_REFERENCE.findall(rule.text or ''))


def of(host: hosts.Host) -> Rules:
    """:raises Hidden: a report has taken away where they are"""
    return Rules(host)
