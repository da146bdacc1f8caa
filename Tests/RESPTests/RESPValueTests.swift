import RESP
import Testing

@Test("a map keeps the order in which the server sent it")
func mapKeepsOrder() {
    let map = RESPValue.map([.init(key: .simple("b"), value: .integer(1)), .init(key: .simple("a"), value: .integer(2))])
    guard case .map(let pairs) = map else { return }
    #expect(pairs.map(\.key) == [.simple("b"), .simple("a")])
}
