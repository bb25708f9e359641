pytest_plugins = [
    "tests.support.mongo",
    "tests.support.rabbitmq",
    "tests.support.apart",
    "tests.support.browser",
    "tests.support.services",
]
