// Package script runs the JavaScript of filters. Each filter has its own engine with one scope,
// which has limits on memory, stack and processor time.
//
// The scope contains the language's own objects and nothing of the host: no file, network,
// process, timer, module or console. A scope is safe against mistakes, not against attackers: a
// script can keep its thread busy for seconds, again and again.
//
// A native function of the engine (`[].indexOf.call({length: 2 ** 53}, 1)`) cannot be interrupted.
// When one call has used 2 s of processor time, the scope's memory is made inaccessible. The
// function ends with a fault, and the script is switched off. Only Linux and Windows report the
// processor time of another thread. On other systems, the limit is 20 s of wall-clock time.
//
// Each scope reserves 32 MB of addresses, but needs physical memory only for the part that it
// uses. The addresses of a 32-bit process suffice for some dozens of scopes. With more scopes, New
// fails.
package script
