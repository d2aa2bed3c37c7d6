"""What registries say of published weights: names, tags, lineage, corpora, and the figures of their networks."""
