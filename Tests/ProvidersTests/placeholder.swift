@testable import Providers
