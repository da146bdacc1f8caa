import ArgumentParser

@main
struct Rapport: AsyncParsableCommand {}
