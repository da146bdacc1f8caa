@testable import Emulators
