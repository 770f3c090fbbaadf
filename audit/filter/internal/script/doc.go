// Package script runs the JavaScript of a filter. Each filter has a scope in an engine of its own,
// with limits on memory, stack and processor time.
//
// The scope has the language's own objects and nothing of the host: no file, network, process,
// timer, module or console. A scope is safe against mistakes, not against attackers: a script can
// keep its thread busy for seconds, again and again.
//
// A native function of the engine (`[].indexOf.call({length: 2 ** 53}, 1)`) cannot be interrupted.
// When one call has used 2 s of the processor, the scope's memory is made inaccessible. That ends
// the function by a fault, and the script is off. Linux and Windows tell the processor time of
// another thread. On other systems, 20 s on the clock count instead.
//
// Each scope maps 32 MB of addresses, and takes only the memory that it uses. A process of 32 bits
// has room for some dozens of scopes. Beyond them, New fails.
package script
