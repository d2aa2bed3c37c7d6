CREATE TABLE meta (
    key VARCHAR NOT NULL,
    value VARCHAR NOT NULL,
    PRIMARY KEY (key)
);
CREATE TABLE models (
    id VARCHAR NOT NULL,
    card JSON NOT NULL,
    PRIMARY KEY (id)
);
CREATE TABLE datasets (
    id VARCHAR NOT NULL,
    card JSON NOT NULL,
    PRIMARY KEY (id)
);
CREATE TABLE names (
    kind VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    target VARCHAR NOT NULL,
    PRIMARY KEY (kind, name, target)
);
CREATE TABLE runs (
    id VARCHAR(64) NOT NULL,
    model VARCHAR NOT NULL,
    dataset VARCHAR NOT NULL,
    protocol VARCHAR NOT NULL,
    metric VARCHAR NOT NULL,
    value FLOAT NOT NULL,
    train_size INTEGER,
    test_size INTEGER,
    seed INTEGER,
    hyperparameters JSON NOT NULL,
    measured_at TIMESTAMP WITH TIME ZONE,
    source VARCHAR NOT NULL,
    batch VARCHAR NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(model) REFERENCES models (id),
    FOREIGN KEY(dataset) REFERENCES datasets (id)
);
CREATE INDEX runs_by_pair ON runs (dataset, model, protocol, metric);
CREATE TABLE scores (
    id VARCHAR(64) NOT NULL,
    model VARCHAR NOT NULL,
    dataset VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    value FLOAT NOT NULL,
    source VARCHAR NOT NULL,
    batch VARCHAR NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(model) REFERENCES models (id),
    FOREIGN KEY(dataset) REFERENCES datasets (id)
);
CREATE INDEX scores_by_pair ON scores (dataset, model);
CREATE TABLE relations (
    id VARCHAR(64) NOT NULL,
    dataset VARCHAR NOT NULL,
    other VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    value FLOAT NOT NULL,
    source VARCHAR NOT NULL,
    batch VARCHAR NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(dataset) REFERENCES datasets (id),
    FOREIGN KEY(other) REFERENCES datasets (id)
);
INSERT INTO meta (key, value) VALUES ('revision', 'cf5be86442fb4d9d90c6509ad1ce2f20');
INSERT INTO meta (key, value) VALUES ('schema_version', '1');
INSERT INTO meta (key, value) VALUES ('shipped_zoo', '8e2e49c7339c0570d0ff5d09d1a44a1548bc5383d5a88386f6d365a57d7b2ed6');
INSERT INTO models (id, card) VALUES ('mine', '{"id": "mine", "aliases": ["m"], "source": "me"}');
INSERT INTO models (id, card) VALUES ('resnet', '{"id": "resnet", "aliases": ["owner/resnet", "net"], "source": "toy"}');
INSERT INTO models (id, card) VALUES ('vit', '{"id": "vit", "aliases": ["net"], "source": "toy"}');
INSERT INTO datasets (id, card) VALUES ('birds_1', '{"id": "birds_1", "aliases": [], "source": "toy", "family": "birds", "labels": []}');
INSERT INTO datasets (id, card) VALUES ('birds_2', '{"id": "birds_2", "aliases": [], "source": "toy", "family": "birds", "labels": []}');
INSERT INTO datasets (id, card) VALUES ('pets', '{"id": "pets", "aliases": [], "source": "toy", "labels": []}');
INSERT INTO names (kind, name, target) VALUES ('dataset', 'birds_1', 'birds_1');
INSERT INTO names (kind, name, target) VALUES ('dataset', 'birds_2', 'birds_2');
INSERT INTO names (kind, name, target) VALUES ('dataset', 'pets', 'pets');
INSERT INTO names (kind, name, target) VALUES ('family', 'birds', 'birds_1');
INSERT INTO names (kind, name, target) VALUES ('family', 'birds', 'birds_2');
INSERT INTO names (kind, name, target) VALUES ('model', 'm', 'mine');
INSERT INTO names (kind, name, target) VALUES ('model', 'mine', 'mine');
INSERT INTO names (kind, name, target) VALUES ('model', 'net', 'resnet');
INSERT INTO names (kind, name, target) VALUES ('model', 'net', 'vit');
INSERT INTO names (kind, name, target) VALUES ('model', 'owner/resnet', 'resnet');
INSERT INTO names (kind, name, target) VALUES ('model', 'resnet', 'resnet');
INSERT INTO names (kind, name, target) VALUES ('model', 'vit', 'vit');
INSERT INTO runs (id, model, dataset, protocol, metric, value, train_size, test_size, seed, hyperparameters, measured_at, source, batch) VALUES ('00f4fc4bb22bf53d005dc3a2ed0beb915b305b9197eb0286a458fb685ffd1f7a', 'resnet', 'pets', 'finetune', 'top1', 0.75, NULL, NULL, NULL, '{}', NULL, 'toy', 'shipped');
INSERT INTO runs (id, model, dataset, protocol, metric, value, train_size, test_size, seed, hyperparameters, measured_at, source, batch) VALUES ('770beae984e6135a67c9911aa0c6a46088c01e9edd9fdc10214917d23da1f5f7', 'resnet', 'birds_1', 'head', 'top1', 0.5, NULL, NULL, NULL, '{}', NULL, 'toy', 'shipped');
INSERT INTO runs (id, model, dataset, protocol, metric, value, train_size, test_size, seed, hyperparameters, measured_at, source, batch) VALUES ('b3ad4d11c0beb44c990f07c893d58457200b6d9ece34569dbf383aaf3371b7ea', 'vit', 'pets', 'finetune', 'top1', 1.0, NULL, NULL, NULL, '{}', NULL, 'toy', 'shipped');
INSERT INTO runs (id, model, dataset, protocol, metric, value, train_size, test_size, seed, hyperparameters, measured_at, source, batch) VALUES ('ed13b1564146fa93209fc876399790362e1edf68f967ff4a0be9fcc2744da9d8', 'mine', 'pets', 'finetune', 'top1', 0.9, NULL, NULL, 1, '{"lr": 0.1}', '2024-05-06 07:08:09.000000', 'me', 'first-of-mine');
INSERT INTO scores (id, model, dataset, name, value, source, batch) VALUES ('89b0d551c2b24838380609786da26dd6c9acefe8379d151f3dbcc1bfe030ffa5', 'mine', 'pets', 'logme', 1.5, 'me', 'first-of-mine');
INSERT INTO relations (id, dataset, other, name, value, source, batch) VALUES ('5b66c8afb2f1a1e19d44bd20550941114703a322f09f3d4e21724fda7773003e', 'pets', 'birds_1', 'domain_distance', 2.0, 'me', 'first-of-mine');
