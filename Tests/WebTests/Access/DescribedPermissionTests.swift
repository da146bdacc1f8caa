import Core
import TestSupport
import Testing

@testable import Web

@Suite("Permissions in the OpenAPI document")
struct DescribedPermissionTests {
    @Test("every operation says what its route asks of a credential, and nothing else does")
    func operations() async throws {
        try await World.run { world, _ in
            let document = try JSONDocument(parsing: OpenAPIDocument.bytes).root
            var described: [String: String] = [:]
            for (path, item) in try #require(document["paths"]).members {
                for (method, operation) in item.members {
                    described["\(method.uppercased()) \(path)"] = operation["x-permission"]?.string
                }
            }
            for route in Routes.table(world.parts, gate: Gatekeeper(world.parts)).routes {
                #expect(described.removeValue(forKey: route.name) == route.permission?.rawValue, "\(route.name)")
            }
            #expect(described.isEmpty)
        }
    }

    @Test("the scopes that it lists are all there are")
    func scopes() throws {
        let document = try JSONDocument(parsing: OpenAPIDocument.bytes).root
        let scopes = try #require(document["components"]?["schemas"]?["Scope"]?["enum"]).elements.compactMap(\.string)
        #expect(scopes == Permission.allCases.map(\.rawValue))
    }
}
