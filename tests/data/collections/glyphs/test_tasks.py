from __future__ import annotations

import numpy as np
import pytest

from zoograph.data.collections.glyphs.tasks import (
    ALPHABET,
    HANDWRITTEN,
    TRAIN_SIZES,
    list_tasks,
    make_pool,
    split_characters,
)


@pytest.mark.parametrize(("domain", "count"), [("print", 32), ("thin", 2), ("clutter", 16), (HANDWRITTEN, 4)])
def test_split_b_has_half_of_its_classes_from_a_and_half_from_c(domain: str, count: int) -> None:
    a, b, c = map(set, split_characters(domain, count))
    assert len(a) == len(b) == len(c) == count
    assert not a & c
    assert len(b & a) == len(b & c) == count // 2


@pytest.mark.parametrize("count", [0, 3, 34])
def test_a_number_of_classes_that_cannot_be_halved_or_drawn_is_refused(count: int) -> None:
    with pytest.raises(ValueError, match=rf"even, from 2 to 32 in the domain 'print' \(got {count}\)"):
        split_characters("print", count)


def test_the_alphabet_is_distinct() -> None:
    assert len(set(ALPHABET)) == len(ALPHABET) == 64


def test_tasks_are_every_split_with_every_number_of_classes_and_every_size() -> None:
    tasks = list_tasks({"outline": (4, 16), HANDWRITTEN: (4,)})
    assert len({task.id for task in tasks}) == len(tasks) == 3 * 3 * 3
    assert {"glyph_outline_b16_30", "glyph_handwritten_a4_10"} <= {task.id for task in tasks}


def test_a_card_says_what_the_task_is() -> None:
    (card,) = [task.card() for task in list_tasks({"outline": (16,)}) if task.id == "glyph_outline_b16_30"]
    assert (card.family, card.domain, card.source) == ("glyph_outline", "outlined letters", "glyphs")
    assert (card.num_classes, card.num_samples, card.samples_per_class) == (16, 480, 30.0)
    assert len(card.labels) == 16
    assert all(label == label.lower() and " " in label for label in card.labels)


@pytest.mark.parametrize(("count", "per_class"), [(2, 200), (4, 100), (8, 50), (16, 40), (32, 40)])
def test_a_task_is_tested_on_400_images_at_least(count: int, per_class: int) -> None:
    assert list_tasks({"print": (count,)})[0].test_per_class == per_class


@pytest.mark.parametrize(("domain", "count"), [("blurred", 2), (HANDWRITTEN, 4)])
def test_training_sets_are_nested_and_never_tested_on(domain: str, count: int) -> None:
    tasks = [task for task in list_tasks({domain: (count,)}) if task.split == "b"]
    pool = make_pool(domain, tasks)
    sides = [pool.rows(task) for task in tasks]
    trains, tests = [[set(side[part].tolist()) for side in sides] for part in (0, 1)]
    assert [len(train) for train in trains] == [count * size for size in TRAIN_SIZES]
    assert trains[0] < trains[1] < trains[2]
    assert tests[0] == tests[1] == tests[2]
    assert len(tests[0]) == 400
    pixels = [{pool.images[row].tobytes() for row in rows} for rows in (trains[2], tests[0])]
    assert not pixels[0] & pixels[1]


def test_targets_number_the_classes_of_the_task() -> None:
    (task,) = [task for task in list_tasks({"print": (4,)}, (3,)) if task.split == "c"]
    pool = make_pool("print", [task])
    train, test = pool.rows(task)
    assert np.bincount(pool.targets(task, train)).tolist() == [3] * 4
    assert np.bincount(pool.targets(task, test)).tolist() == [100] * 4
    assert [task.characters[number] for number in pool.targets(task, train)] == pool.characters[train].tolist()


def test_an_image_does_not_depend_on_the_other_tasks() -> None:
    small, large = (make_pool("print", list_tasks({"print": counts}, (2,))) for counts in ((2,), (2, 4)))

    def images(pool: object) -> dict[tuple[str, int, bool], bytes]:
        rows = zip(pool.characters.tolist(), pool.ranks.tolist(), pool.is_test.tolist(), pool.images, strict=True)
        return {(character, rank, is_test): image.tobytes() for character, rank, is_test, image in rows}

    assert images(small).items() <= images(large).items()
