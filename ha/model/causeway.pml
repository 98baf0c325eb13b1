/* SPDX-License-Identifier: Apache-2.0
 *
 * The protocol of ha/ for the model checker Spin: one gateway, ROUTERS routers, an arbiter, a fabric.
 * Its words are those of ha/values.h. Time is left out: whoever waits for a timer may act at any moment,
 * so suspicion, holds and patience are always wrong where being wrong matters. What is kept is what
 * safety rests on: terms and compare-and-set, one successor a term, the epochs gates are opened under,
 * calls that land late, answers that are lost, routers that forget.
 *
 * Bounds, each a macro: TERMS, CRASHES (with or without coming back, with or without the gate left open),
 * OUTAGES of the arbiter, LOSSES of requests, calls and answers, SUCCESSIONS without the arbiter,
 * HANDOVERS begun.
 *
 * -DTRACE makes it a judge: pan reads a history of the simulator (tests/sim/ha) from the file `trace`, and
 * ends with an assertion violated exactly if the model can do the same. Each step that a history shows is
 * then guarded by it; all others are free.
 */
#ifndef ROUTERS
#define ROUTERS 2
#endif
#ifndef TERMS
#define TERMS 2
#endif
#ifndef CRASHES
#define CRASHES 1
#endif
#ifndef OUTAGES
#define OUTAGES 1
#endif
#ifndef LOSSES
#define LOSSES 1
#endif
#ifndef SUCCESSIONS
#define SUCCESSIONS 1
#endif
/* Writes of a router that the arbiter may still get. */
#ifdef TRACE
#define IN_FLIGHT 4
#else
#define IN_FLIGHT 1
#endif
/* A router may be the only one whom the arbiter does not answer; where faults stop, nobody stays that. */
#ifdef LIVE
#define CUT_OFF false
#else
#define CUT_OFF true
#endif
#ifndef HANDOVERS
#define HANDOVERS 1
#endif

#define STANDBY 0 /* and fenced, and dead */
#define CLAIM 1
#define MOVE 2
#define ACTIVE 3
#define DRAIN 4
#define RELAY 5
#define NOBODY ROUTERS

/* Epochs are 2 * term, and one more for the successor that acts without the arbiter. */
byte term;                /* the arbiter's record, and all there were */
byte owner_of[TERMS + 1];
byte successor_of[TERMS + 1];
bool answers = true;      /* the arbiter does */
byte fabric = NOBODY;     /* where packets arrive */
byte top;                 /* the latest epoch anybody owned: what heartbeats may say */

byte role[ROUTERS];
bool gate[ROUTERS];
byte gate_epoch[ROUTERS];
byte epoch[ROUTERS];      /* of what it owns or forwards */
byte seen[ROUTERS];
bool known[ROUTERS];      /* it has read the record: */
byte view[ROUTERS];       /* this term of it */
bool arrived[ROUTERS];    /* evidence that it has not used yet */
bool dead[ROUTERS];
byte calls[ROUTERS];      /* to the fabric, in flight */
chan writes[ROUTERS] = [IN_FLIGHT] of { byte, byte }; /* to the arbiter: expected term, new term */

byte crashes, outages, losses, successions, handovers;

#define owning(n) (role[n] == MOVE || role[n] == ACTIVE || role[n] == DRAIN)
#define believed_owner(n) owner_of[view[n]]
#define next_term(n) ((seen[n] / 2 > view[n] -> seen[n] / 2 : view[n]) + 1)
#define is_provisional(n) (epoch[n] % 2 == 1)

#ifdef TRACE
short at; /* in the history; the mark there: */
byte what, who, whose_epoch;
c_decl {
  \#include <stdio.h>
  static struct { int what, router, epoch; } history[4096];
  static int length;
}
#define END 99
#define LOOK c_code { \
    now.what = now.at < length ? history[now.at].what : 99; \
    now.who = now.at < length ? history[now.at].router : 0; \
    now.whose_epoch = now.at < length ? history[now.at].epoch : 0; }
#define shows(mark, n, e) (what == mark && who == n && whose_epoch == (e))
#define TAKE at++; LOOK; assert(what != END)
#define TRACED 1
#else
#define shows(mark, n, e) true
#define TAKE skip
#define TRACED 0
#endif
/* The marks of tests/sim/ha/world.h. */
#define ASK 0
#define WRITTEN 1
#define OWN 2
#define CALL 3
#define LANDED 4
#define OPEN 5
#define RELAYS 6
#define CLOSE 7
#define DIE 8
#define START 9

#define same_epoch(a, b) (gate[a] && gate[b] && gate_epoch[a] == gate_epoch[b])
#define usurps(n) (gate[n] && gate_epoch[n] == 2 * term && owner_of[term] != n)
#if ROUTERS == 2
#define I1 (!same_epoch(0, 1))
#define I2 (!usurps(0) && !usurps(1))
#elif ROUTERS == 3
#define I1 (!same_epoch(0, 1) && !same_epoch(0, 2) && !same_epoch(1, 2))
#define I2 (!usurps(0) && !usurps(1) && !usurps(2))
#else
#define I1 true /* a trace's; the simulator checks them itself */
#define I2 true
#endif
#define CHECK assert(I1 && I2)

inline see(n, e) {
  if
  :: seen[n] < e -> seen[n] = e
  :: else
  fi
}

inline own(n, e) {
  role[n] = MOVE;
  epoch[n] = e;
  see(n, e);
  if
  :: top < e -> top = e
  :: else
  fi
}

/* step_back() */
inline step_back(n) {
  if
  :: gate[n] -> role[n] = RELAY
  :: else -> role[n] = STANDBY; epoch[n] = 0
  fi
}

proctype Router(byte me) {
  byte t;
end:
  do
  /* --- what a history shows ------------------------------------------------------------------- */
  /* A claim: of a silent owner, at its wish, or of what the record says is ours though a later epoch was. */
  :: atomic { !dead[me] && known[me] && nfull(writes[me]) && next_term(me) <= TERMS &&
              (role[me] == STANDBY || role[me] == RELAY || (TRACED && role[me] == CLAIM)) &&
              (believed_owner(me) != me || seen[me] > 2 * view[me]) && shows(ASK, me, 2 * next_term(me)) ->
       role[me] = CLAIM;
       writes[me]!view[me], next_term(me);
       TAKE }
  /* An owner raises its term: to name another successor, or because it succeeded without the arbiter. */
  :: atomic { !dead[me] && known[me] && owning(me) && nfull(writes[me]) && next_term(me) <= TERMS &&
              (is_provisional(me) ||
               (role[me] == ACTIVE && believed_owner(me) == me && epoch[me] == 2 * view[me])) &&
              (TRACED || empty(writes[me])) && shows(ASK, me, 2 * next_term(me)) ->
       writes[me]!view[me], next_term(me);
       TAKE }
  /* It learns that the record is its own: the claim's answer, or any later look. */
  :: atomic { !dead[me] && known[me] && !owning(me) && believed_owner(me) == me &&
              seen[me] <= 2 * view[me] && shows(OWN, me, 2 * view[me]) ->
       own(me, 2 * view[me]);
       TAKE }
  /* The recorded successor acts without the arbiter. */
  :: atomic { !dead[me] && known[me] && (role[me] == STANDBY || role[me] == RELAY) && view[me] > 0 &&
              successor_of[view[me]] == me && believed_owner(me) != me &&
              seen[me] <= 2 * view[me] + 1 && (TRACED || successions < SUCCESSIONS) &&
              shows(OWN, me, 2 * view[me] + 1) ->
       successions = (TRACED -> 0 : successions + 1);
       own(me, 2 * view[me] + 1);
       TAKE }
  /* Where the arbiter answers it was asked before. The call may land much later. */
  :: atomic { !dead[me] && owning(me) && (is_provisional(me) || believed_owner(me) == me) &&
              calls[me] < 16 &&
              (TRACED || (fabric != me && !arrived[me] && calls[me] == 0 &&
                         (!answers || (is_provisional(me) -> CUT_OFF && role[me] == MOVE : view[me] == term)))) &&
              shows(CALL, me, epoch[me]) ->
       calls[me]++;
       TAKE }
  :: atomic { !dead[me] && role[me] == MOVE && (arrived[me] || fabric == me) &&
              shows(OPEN, me, epoch[me]) ->
       gate[me] = true;
       gate_epoch[me] = epoch[me];
       role[me] = ACTIVE;
       arrived[me] = false;
       CHECK;
       TAKE }
  /* Its own term was raised. */
  :: atomic { !dead[me] && owning(me) && believed_owner(me) == me && 2 * view[me] > epoch[me] &&
              gate[me] && shows(OPEN, me, 2 * view[me]) ->
       own(me, 2 * view[me]);
       role[me] = ACTIVE;
       gate_epoch[me] = epoch[me];
       CHECK;
       TAKE }
  /* Superseded: by the record, by a heartbeat of whoever owns a later epoch; a successor gives way. */
  :: atomic { !dead[me] && owning(me) && gate[me] &&
              ((believed_owner(me) != me && 2 * view[me] > epoch[me]) || top > epoch[me] ||
               (is_provisional(me) && answers)) && shows(RELAYS, me, epoch[me]) ->
       role[me] = RELAY;
       see(me, top);
       TAKE }
  :: atomic { !dead[me] && role[me] == CLAIM && gate[me] && shows(RELAYS, me, epoch[me]) ->
       role[me] = RELAY;
       TAKE }
  :: atomic { !dead[me] && role[me] == RELAY && (TRACED || believed_owner(me) != me || !known[me]) &&
              shows(CLOSE, me, 0) ->
       gate[me] = false; gate_epoch[me] = 0;
       role[me] = STANDBY;
       epoch[me] = 0;
       TAKE }
  :: atomic { (TRACED || (crashes < CRASHES && !dead[me])) && shows(DIE, me, 0) ->
       crashes = (TRACED -> 0 : crashes + 1);
       dead[me] = true;
       gate[me] = false; gate_epoch[me] = 0;
       role[me] = STANDBY;
       epoch[me] = 0; seen[me] = 0; known[me] = false; view[me] = 0; arrived[me] = false;
       TAKE }
  /* The process alone dies, or what died comes back. It has forgotten everything but its gate. */
  :: atomic { (TRACED || (crashes < CRASHES && !dead[me]) || (dead[me] && crashes < 2 * CRASHES)) &&
              shows(START, me, 0) ->
       crashes = (TRACED -> 0 : crashes + 1);
       dead[me] = false;
       role[me] = (gate[me] -> RELAY : STANDBY);
       epoch[me] = 0; seen[me] = 0; known[me] = false; view[me] = 0; arrived[me] = false;
       TAKE }
  /* --- what it does not ----------------------------------------------------------------------- */
  /* It learns the record: the latest, or one that a late announcement brings. */
  :: atomic { !dead[me] && answers && (!known[me] || view[me] < term) ->
       if
       :: t = term
       :: known[me] && view[me] + 1 < term -> t = view[me] + 1
       fi;
       known[me] = true;
       view[me] = t;
       see(me, 2 * t);
       t = 0 }
  :: atomic { !dead[me] && owning(me) && believed_owner(me) == me && 2 * view[me] > epoch[me] &&
              !gate[me] ->
       own(me, 2 * view[me]) }
  :: atomic { !dead[me] && owning(me) && !gate[me] &&
              ((believed_owner(me) != me && 2 * view[me] > epoch[me]) || top > epoch[me] ||
               (is_provisional(me) && answers) || TRACED) ->
       see(me, top);
       step_back(me) }
  :: atomic { !dead[me] && TRACED && seen[me] < top ->
       seen[me] = top }
  /* The claim's answer does not come, or says no. */
  :: atomic { !dead[me] && role[me] == CLAIM && !gate[me] && (TRACED || empty(writes[me]) || !answers) ->
       step_back(me) }
  :: atomic { !TRACED && role[me] == CLAIM && gate[me] && (empty(writes[me]) || !answers) ->
       step_back(me) }
  /* A handover. Its claim is as above; what is told here is that it may fail. */
  :: atomic { !TRACED && role[me] == ACTIVE && handovers < HANDOVERS -> handovers++; role[me] = DRAIN }
  :: atomic { role[me] == DRAIN ->
       role[me] = ACTIVE;
       /* I9: whoever was not superseded is active again, and nobody else is it under the same epoch. */
       assert(gate[me]) }
  od
}

active proctype World() {
  byte n, expected, next;
#ifdef TRACE
  c_code {
    FILE *file = fopen("trace", "r");
    length = 0;
    while (file && fscanf(file, "%d %d %d", &history[length].what, &history[length].router,
                          &history[length].epoch) == 3) { length++; }
    if (file) { fclose(file); }
  };
  LOOK;
#endif
  atomic {
    owner_of[0] = NOBODY;
    successor_of[0] = NOBODY;
    n = 0;
    do
    :: n < ROUTERS -> run Router(n); n++
    :: else -> break
    od;
    n = 0
  }
end:
  do
  :: atomic {
       (answers && (nempty(writes[0]) || nempty(writes[1])
#if ROUTERS > 2
        || nempty(writes[2])
#endif
#if ROUTERS > 3
        || nempty(writes[3])
#endif
       )) ->
       if
       :: nempty(writes[0]) -> n = 0
       :: nempty(writes[1]) -> n = 1
#if ROUTERS > 2
       :: nempty(writes[2]) -> n = 2
#endif
#if ROUTERS > 3
       :: nempty(writes[3]) -> n = 3
#endif
       fi;
       writes[n]?expected, next;
       if
       :: expected == term && shows(WRITTEN, n, 2 * next) ->
          assert(next == term + 1); /* I4 */
          term = next;
          owner_of[next] = n;
          if /* a history does not say whom the record names: anybody else */
          :: n != 0 -> successor_of[next] = 0
          :: n != 1 -> successor_of[next] = 1
#if ROUTERS > 2
          :: n != 2 -> successor_of[next] = 2
#endif
#if ROUTERS > 3
          :: n != 3 -> successor_of[next] = 3
#endif
          fi;
          if
          :: top < 2 * next -> top = 2 * next
          :: else
          fi;
          CHECK;
          TAKE
       /* A conflict; its answer says what the record is, or is lost. */
       :: expected != term && known[n] && view[n] < term -> view[n] = term; see(n, 2 * term)
       :: expected != term && (TRACED || view[n] == term || !known[n]) -> skip
       :: TRACED && expected == term -> skip
       /* Lost on the way; where the answer is lost, the owner learns it later or never. */
       :: !TRACED && expected == term && losses < LOSSES -> losses++
       fi;
       n = 0; expected = 0; next = 0 }
  :: atomic {
       (calls[0] > 0 || calls[1] > 0
#if ROUTERS > 2
        || calls[2] > 0
#endif
#if ROUTERS > 3
        || calls[3] > 0
#endif
       ) ->
       if
       :: calls[0] > 0 -> n = 0
       :: calls[1] > 0 -> n = 1
#if ROUTERS > 2
       :: calls[2] > 0 -> n = 2
#endif
#if ROUTERS > 3
       :: calls[3] > 0 -> n = 3
#endif
       fi;
       calls[n]--;
       if
#ifdef TRACE
       :: shows(LANDED, n, 0) -> fabric = n; arrived[n] = true; TAKE
       :: true -> skip
#else
       :: fabric = n; arrived[n] = (role[n] == MOVE)
       :: fabric = n /* the answer is lost; a look will tell */
       :: losses < LOSSES -> losses++
#endif
       fi;
       n = 0 }
  od
}

#ifndef TRACE
/* A process of its own, so that fairness ends an outage. */
active proctype Outages() {
end:
  do
  :: atomic { answers && outages < OUTAGES -> outages++; answers = false }
  :: atomic { !answers -> answers = true }
  od
}
#endif

#ifdef LIVE
/* I5: if faults stop, and they do since they are bounded, there is one owner with the address and the one
 * open gate, for ever; but where it died, or was succeeded, in the last term that the model has. */
#define serves(n) (owner_of[term] == n && fabric == n && gate[n] && gate_epoch[n] == 2 * term)
#define lost (term == TERMS && (dead[owner_of[term]] || top > 2 * TERMS))
ltl I5 { <>[] (term > 0 && ((serves(0) && !gate[1]) || (serves(1) && !gate[0]) || lost)) }
#endif
