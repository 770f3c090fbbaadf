package storetest

import (
	"encoding/binary"
	"hash/crc32"
	"slices"
)

// Seal returns a Parquet file with a valid seal, as clew's files have. If file already has a seal,
// Seal replaces it.
func Seal(file []byte) []byte {
	at := len(file) - 8 - int(binary.LittleEndian.Uint32(file[len(file)-8:]))
	body, footer := file[:at], file[at:]
	if n := len(body) - 12; n > 0 && string(body[n:n+4]) == "clew" {
		body = body[:n]
	}
	sum := func(p []byte) uint32 { return crc32.Checksum(p, crc32.MakeTable(crc32.Castagnoli)) }
	seal := binary.LittleEndian.AppendUint32([]byte("clew"), sum(body))
	seal = binary.LittleEndian.AppendUint32(seal, sum(footer[:len(footer)-8]))
	return slices.Concat(body, seal, footer)
}
