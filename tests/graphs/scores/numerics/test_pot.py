import subprocess
import sys
import textwrap
from pathlib import Path


def test_libraries_that_nothing_hands_to_it_are_not_imported(tmp_path: Path) -> None:
    for name in ("jax", "cupy", "tensorflow"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('imported')\n", encoding="utf-8")
    code = f"""
        import sys
        sys.path.insert(0, {str(tmp_path)!r})
        from zoograph.graphs.scores.numerics.pot import load_pot
        print(load_pot().emd.__name__)
    """
    ran = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=False)
    assert ran.stdout == "emd\n", ran.stderr
