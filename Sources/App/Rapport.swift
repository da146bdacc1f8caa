import ArgumentParser
import Hummingbird
import Configuration
import ServiceLifecycle

@main
struct Rapport: AsyncParsableCommand {}
