"""Published analyses of why a model transfers: parameter distance, domain gap, influence."""
