import shlex

from afterwork_up.banner import banner


def test_the_banner_is_a_ready_line_and_three_commands() -> None:
    ready, *commands = filter(None, banner("http://127.0.0.1:8000", has_keys=False, mail=None).splitlines())

    assert ready == "afterwork ready: http://127.0.0.1:8000"
    assert [shlex.split(command)[0] for command in commands] == ["curl", "curl", "curl"]
    assert [shlex.split(command)[-1] for command in commands] == [
        "http://127.0.0.1:8000/v1/jobs",
        "http://127.0.0.1:8000/v1/jobs?page_size=5",
        "http://127.0.0.1:8000/v1/ledger",
    ]


def test_where_keys_are_asked_for_the_commands_take_one_from_a_variable() -> None:
    _, *commands = filter(None, banner("http://127.0.0.1:8000", has_keys=True, mail=None).splitlines())

    for command in commands:
        assert shlex.split(command)[:3] == ["curl", "-H", "Authorization: Bearer $KEY"]
