import ArgumentParser
import Core

extension Role: ExpressibleByArgument {}
