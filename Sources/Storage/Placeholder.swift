enum StoragePlaceholder {}
import GRDB
import CPQ
import Crypto
