; Are there two majorities of a finite set without a member in common?
;
; The same question in the theory of finite sets and their sizes, which cvc5 has. The servers are any finite set of
; elements of a sort of which nothing is known; their number is not bounded.
(set-logic ALL)
(declare-sort server 0)
(declare-const servers (Set server))
(declare-const first (Set server))
(declare-const second (Set server))
(assert (set.subset first servers))
(assert (set.subset second servers))
(assert (> (* 2 (set.card first)) (set.card servers)))
(assert (> (* 2 (set.card second)) (set.card servers)))
(assert (= (set.inter first second) (as set.empty (Set server))))
(check-sat)
