from zoograph.graphs.schema import EDGE_TYPES, FORWARD_EDGE_TYPES, MEASURED_OTHERWISE, NODE_TYPES, SCORED_ON, reverse


def test_a_reverse_walks_the_other_way():
    assert reverse(SCORED_ON) == ("dataset", "rev_scored_on", "model")


def test_every_edge_type_has_its_reverse_beside_it_and_a_verb_of_its_own():
    assert EDGE_TYPES[::2] == FORWARD_EDGE_TYPES
    assert EDGE_TYPES[1::2] == tuple(reverse(kind) for kind in FORWARD_EDGE_TYPES)
    assert len({verb for _, verb, _ in EDGE_TYPES}) == len(EDGE_TYPES)
    assert {end for source, _, target in EDGE_TYPES for end in (source, target)} == set(NODE_TYPES)


def test_what_was_measured_otherwise_is_no_edge_that_messages_pass_along():
    assert MEASURED_OTHERWISE not in EDGE_TYPES
    assert reverse(MEASURED_OTHERWISE) not in EDGE_TYPES
